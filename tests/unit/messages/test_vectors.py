"""What `spec/messages` says of bytes, computed by other means than the client's; the client has the same vectors."""

import hashlib
import hmac
import json
import re
import subprocess
import sys
from base64 import b64encode, urlsafe_b64decode
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reelm.messages.reports_franking import disclosed
from reelm.rights import talks

SPEC = Path(__file__).parents[3] / "spec" / "messages"
VECTORS: dict[str, Any] = json.loads((SPEC / "vectors.json").read_text(encoding="utf-8"))
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _derive(recovery: bytes, info: str) -> bytes:
    return HKDF(SHA256(), 32, salt=b"reelm-messages-v1", info=info.encode()).derive(recovery)


@pytest.mark.parametrize("person", VECTORS["people"], ids=lambda each: each["person"])
def test_keys_come_from_the_recovery_key(person: dict[str, Any]) -> None:
    recovery = _bytes(person["recovery"])
    bits = "".join(f"{byte:08b}" for byte in recovery)
    letters = "".join(LETTERS[int(bits[at : at + 5], 2)] for at in range(0, 160, 5))
    assert " ".join(letters[at : at + 4] for at in range(0, 32, 4)) == person["shown"]
    identity = Ed25519PrivateKey.from_private_bytes(_derive(recovery, "identity"))
    assert identity.public_key().public_bytes_raw() == _bytes(person["identity_key"])
    assert _derive(recovery, "history") == _bytes(person["history_key"])
    certified = (
        b"reelm-device-v1\0"
        + UUID(person["person"]).bytes
        + UUID(person["device"]).bytes
        + _bytes(person["signature_key"])
    )
    Ed25519PublicKey.from_public_bytes(_bytes(person["identity_key"])).verify(
        _bytes(person["certificate"]), certified
    )


def test_the_short_code() -> None:
    said = b"reelm-code-v1"
    for person in sorted(VECTORS["people"], key=lambda each: each["person"]):
        said += UUID(person["person"]).bytes + _bytes(person["identity_key"])
    h = hashlib.sha512(said).digest()
    groups = [int.from_bytes(h[5 * i : 5 * i + 5], "big") % 100_000 for i in range(12)]
    assert [f"{group:05}" for group in groups] == VECTORS["code"]


@pytest.mark.parametrize("message", VECTORS["messages"], ids=lambda each: each["type"])
def test_commitments(message: dict[str, Any]) -> None:
    canonical = message["canonical"].encode()
    commitment = hmac.new(_bytes(message["fk"]), canonical, hashlib.sha256).digest()
    assert commitment == _bytes(message["commitment"])
    assert disclosed(message["payload"], message["fk"], commitment) == message["canonical"]


def test_sealed_histories_and_labels() -> None:
    key = _bytes(VECTORS["people"][0]["history_key"])
    for kept in VECTORS["histories"]:
        about = UUID(kept["conversation"]).bytes + kept["seq"].to_bytes(8, "big")
        sealed = _bytes(kept["body"])
        assert AESGCM(key).decrypt(sealed[:12], sealed[12:], about).decode() == kept["plain"]
    label = VECTORS["label"]
    sealed = _bytes(label["sealed"])
    assert (
        AESGCM(key).decrypt(sealed[:12], sealed[12:], UUID(label["device"]).bytes).decode() == label["plain"]
    )


def test_the_way_that_is_printed_for_people_opens_an_export(tmp_path: Path) -> None:
    [script] = re.findall(r"```python\n(.*?)```", (SPEC / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    packed = Path(talks.__file__).with_name("open_messages.txt").read_text(encoding="utf-8")
    assert script == packed, "archives bring the same text"
    (tmp_path / "open.py").write_text(script, encoding="utf-8")
    rows = [
        {
            "conversation_id": kept["conversation"],
            "seq": kept["seq"],
            "body_sealed": b64encode(_bytes(kept["body"])).decode(),
        }
        for kept in VECTORS["histories"]
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    typed = VECTORS["people"][0]["shown"].lower().replace("0", "o").replace("1", "l").split()
    done = subprocess.run(
        [sys.executable, "open.py", "rows.jsonl", *typed],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    opened = [json.loads(kept["plain"])["p"] for kept in VECTORS["histories"]]
    said = [json.loads(line.split("\t", 4)[4]) for line in done.stdout.strip("\n").split("\n")]
    assert said == opened
    other = subprocess.run(
        [sys.executable, "open.py", "rows.jsonl", VECTORS["people"][1]["shown"]],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert other.returncode != 0
