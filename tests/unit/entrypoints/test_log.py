"""What must never stand in a log doesn't, wherever it hides."""

import json
import logging
from pathlib import Path

import pytest
import structlog

from reelm.entrypoints import log

SECRETS = [
    "ada@example.org",
    "v1.0123456789abcdef0123456789abcdef.read.1893456000.c0ffee",
    "Bearer abcDEF123",
    "+33 6 12 34 56 78",
]


@pytest.fixture
def written(tmp_path: Path):
    log.configure("test", tmp_path, quiet=True)

    def read() -> list[dict]:
        for handler in logging.getLogger().handlers:
            handler.flush()
        return [json.loads(line) for line in (tmp_path / "test.jsonl").read_text().splitlines()]

    yield read
    for handler in list(logging.getLogger().handlers):
        logging.getLogger().removeHandler(handler)
        handler.close()
    structlog.reset_defaults()


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_inside_texts_are_masked(written, secret: str) -> None:
    structlog.get_logger("x").warning(
        f"about {secret} here", note=[f"<{secret}>"], deep={"text": {"in": secret}}
    )
    (line,) = written()
    assert secret not in json.dumps(line, ensure_ascii=False)
    assert line["event"].startswith("about")


@pytest.mark.parametrize(
    "name", ["password", "new_password", "token", "session_token", "email", "e_mail", "phone", "ticket",
             "Authorization", "cookie", "birth_date", "clip_key", "secret", "invitation"],
)  # fmt: skip
def test_secret_fields_are_masked_at_any_depth(written, name: str) -> None:
    structlog.get_logger("x").info("said", **{name: "open sesame"}, inner={name: "open sesame"})
    assert "sesame" not in json.dumps(written())


def test_exceptions_and_foreign_loggers_are_masked_too(written) -> None:
    try:
        int("ada@example.org")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    logging.getLogger("library").warning("GET /sign-up?invitation=s3cr3t&x=1 postgresql://bob:hunter2@db/x")
    first, second = written()
    assert "ValueError" in first["exception"]
    text = json.dumps([first, second])
    assert "ada@" not in text
    assert "s3cr3t" not in text
    assert "hunter2" not in text
    assert "x=1" in second["event"]


def test_plain_facts_stay(written) -> None:
    structlog.get_logger("x").info("ready", child="web-1", pid=12, seconds=0.25, good=True, nothing=None)
    (line,) = written()
    assert (line["child"], line["pid"], line["seconds"], line["good"], line["process"]) == (
        "web-1", 12, 0.25, True, "test",
    )  # fmt: skip
