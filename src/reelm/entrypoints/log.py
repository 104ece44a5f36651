"""Structured logs: one JSON object a line in logs/NAME.jsonl (rotated), short human lines on stderr.

No log holds a token, a password or an address: fields with such names are masked, and what looks like one
inside any other text is too.
"""

import json
import logging
import logging.handlers
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

_FILE_BYTES = 8 * 2**20
_KEPT_FILES = 4
_MASK = "[masked]"

_SECRET_NAMES = re.compile(
    r"passw|token|secret|ticket|authori[sz]ation|cookie|session|invitation|credential|e_?mail|phone|"
    r"birth|^dsn$|_key$|^key$|signature",
    re.IGNORECASE,
)
_SECRET_TEXTS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an e-mail address
    r"|\bv1\.[0-9a-f]{32}\.[\w.-]+"  # a subject ticket
    r"|(?i:\bbearer\s+)\S+"
    r"|(?i:(?<=invitation=)|(?<=sig=)|(?<=token=)|(?<=password=))[^\s&]+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user:password in a URL
    r"|\+\d[\d ()-]{6,}\d"  # an international phone number
)

_log = structlog.get_logger()


def configure(process: str, logs: Path | None, *, quiet: bool = False) -> None:
    """Send this process's logs to logs/`process`.jsonl and its warnings (all, unless `quiet`) to stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _named(process),
        mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.setLevel(logging.INFO)
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.ERROR if quiet else logging.WARNING)
    console.setFormatter(_formatter(shared, _human_line))
    root.addHandler(console)
    if logs is not None:
        file = logging.handlers.RotatingFileHandler(
            logs / f"{process}.jsonl", maxBytes=_FILE_BYTES, backupCount=_KEPT_FILES
        )
        file.setFormatter(_formatter(shared, structlog.processors.JSONRenderer(sort_keys=True)))
        root.addHandler(file)


def last_words(logs: Path, process: str) -> str:
    """The last thing a process logged, and the last line of its traceback if there's one."""
    try:
        lines = (logs / f"{process}.jsonl").read_text().splitlines()
        event = json.loads(lines[-1])
    except (OSError, ValueError, IndexError):
        return ""
    trouble = str(event.get("exception", "")).strip().rpartition("\n")[2]
    return f"Its last words: {event.get('event', '')}. {trouble}".rstrip()


def _formatter(shared: list[Any], render: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )


def _named(process: str) -> Any:
    def name(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    return name


def mask(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask secret fields at any depth, and secrets inside texts."""
    for name, value in event.items():
        event[name] = _masked(name, value)
    return event


def _masked(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool) or (name.startswith("_") and not isinstance(value, str)):
        return value
    if _SECRET_NAMES.search(name):
        return _MASK
    match value:
        case dict():
            return {key: _masked(str(key), inner) for key, inner in value.items()}
        case list() | tuple() | set():
            return [_masked("", inner) for inner in value]
        case int() | float():
            return value
    return _SECRET_TEXTS.sub(_MASK, str(value))


def _human_line(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    place = event.pop("process", "reelm")
    event.pop("at", None)
    event.pop("logger", None)
    level = event.pop("level", method)
    trouble = event.pop("exception", None)
    details = " ".join(f"{name}={value}" for name, value in event.items() if name != "event")
    line = f"{place}: {level}: {event.get('event', '')} {details}".rstrip()
    return f"{line}\n{trouble}" if trouble else line
