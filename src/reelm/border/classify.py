"""Every field of what shall cross has a data class and a purpose, by `fields.json`; what it doesn't name stays.

Rows are `<type>.<field>`; an object within an object is judged by its own type. Rows `*.<field>` name what never
crosses, in whatever it is put: one of those, or a field without a row, and nothing of the object goes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from reelm.border.activity import Document
from reelm.ledger.service import entries

ORDER: tuple[entries.DataClassName, ...] = (
    "public", "operational", "derived", "telemetry", "social", "private", "identity",
)  # fmt: skip
DEEPEST = 8
MOST_ITEMS = 256
_ANY = "*."
_LANGUAGE_CHARS = 35


class Row(msgspec.Struct, frozen=True, rename={"data_class": "class", "plain_map": "map"}):
    """What a field holds, what it may be sent for, and whether its object means nothing without it."""

    data_class: entries.DataClassName
    purpose: str
    required: bool = False
    plain_map: bool = False


@dataclass
class Classified:
    """What is in a document: its classes with the names of their fields, and what keeps it from crossing."""

    classes: dict[str, set[str]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    never: dict[str, str] = field(default_factory=dict)


class Fields:
    """The rows of one version of `fields.json`."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self.rows = dict(rows)
        self._required: dict[str, set[str]] = {}
        for name, row in self.rows.items():
            kind, _, part = name.partition(".")
            self._required.setdefault(kind, set())
            if row.required:
                self._required[kind].add(part)

        self.types = frozenset(self._required) - {"*"}
        self._names = frozenset(name.partition(".")[2] for name in self.rows)

    def told(self, names: Iterable[str]) -> set[str]:
        """Names of fields as they may be told to everyone: a name that no row knows could itself say something."""
        return {each if each in self._names or each in self.rows else "unknown" for each in names}

    def classify(self, document: Document, act: str, object_type: str) -> Classified:
        """Say what is in a document that is to be an object of `object_type`, or an act done to one."""
        found = Classified()
        kind, inner = document.get("type"), document.get("object")
        told = inner.get("type") if isinstance(inner, dict) else object_type
        as_said = kind == object_type or (kind == act and told == object_type)
        if not as_said or object_type not in self.types:
            found.unknown.add("type")
        self._look(document, found, 0)
        return found

    def purpose_of(self, document: Document) -> str:
        """What the kind of object may be sent for; empty for a kind without rows."""
        row = self.rows.get(f"{document.get('type')}.type")
        return row.purpose if row else ""

    def _look(self, value: Mapping[str, Any], found: Classified, depth: int) -> None:
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in self._required or depth > DEEPEST:
            found.unknown.update({"type", *(name for name in value if name not in {"id", "type"})})
            kind = ""
        for name, each in value.items():
            never = self.rows.get(_ANY + name)
            if never is not None:
                found.never[name] = never.data_class
                continue
            row = self.rows.get(f"{kind}.{name}")
            if row is None:
                found.unknown.add(name)
            else:
                found.classes.setdefault(row.data_class, set()).add(f"{kind}.{name}")
            if row is not None and row.plain_map:
                if not _is_plain_map(each):
                    found.unknown.add(name)
                continue
            self._look_into(name, each, found, depth)

    def _look_into(self, name: str, value: object, found: Classified, depth: int) -> None:
        several = value if isinstance(value, list) else [value]
        if len(several) > MOST_ITEMS:
            found.unknown.add(name)
        for each in several[:MOST_ITEMS]:
            if isinstance(each, dict):
                self._look(each, found, depth + 1)
            elif not _is_plain(each):
                found.unknown.add(name)

    def reduced(self, document: Document, allowed: set[str]) -> "Reduced":
        """Return what is left of a document when only fields of the allowed classes stay."""
        kept: set[str] = set()
        removed: set[str] = set()
        left = self._cut(document, allowed, kept, removed)
        return Reduced(left, sorted(kept), sorted(removed))

    def _cut(
        self, value: Mapping[str, Any], allowed: set[str], kept: set[str], removed: set[str]
    ) -> Document | None:
        kind = value["type"]
        left: Document = {}
        for name, each in value.items():
            full = f"{kind}.{name}"
            row = self.rows[full]
            inner = each
            if row.data_class in allowed and not row.plain_map:
                inner = self._cut_inside(each, allowed, kept, removed)
            if row.data_class not in allowed or (inner is None and each is not None):
                removed.add(full)
                continue
            kept.add(full)
            left[name] = inner
        return left if self._required[kind] <= set(left) else None

    def _cut_inside(self, value: Any, allowed: set[str], kept: set[str], removed: set[str]) -> Any:
        if isinstance(value, dict):
            return self._cut(value, allowed, kept, removed)
        if not isinstance(value, list):
            return value
        cut = [self._cut(each, allowed, kept, removed) if isinstance(each, dict) else each for each in value]
        left = [each for each in cut if each is not None]
        return left if left or not value else None


@dataclass(frozen=True)
class Reduced:
    """A document without what may not go; None where the rest means nothing."""

    document: Document | None
    kept: list[str]
    removed: list[str]


def read_fields(body: bytes) -> Fields:
    """Read a `fields.json`. Raises msgspec.ValidationError."""
    return Fields(msgspec.json.decode(body, type=dict[str, Row]))


@cache
def fields_in_force() -> Fields:
    """The rows that this release comes with; `spec/border/fields.json` is the same file."""
    return read_fields(files("reelm.border").joinpath("fields.json").read_bytes())


def most_guarded(classes: set[str]) -> str:
    """Of several data classes, the one that is guarded most."""
    return max(classes, key=[str(each) for each in ORDER].index)


def in_order(classes: set[str]) -> list[entries.DataClassName]:
    """Data classes as entries name them."""
    return [each for each in ORDER if each in classes]


def names_to_tell(names: set[str]) -> list[str]:
    """Names of fields as the ledger may carry them: never more than letters, digits and a few signs."""
    return sorted(set(_tellable(names)))[:32]


def _tellable(names: set[str]) -> Iterator[str]:
    for name in names:
        fit = all(sign.isascii() and (sign.isalnum() or sign in "_.:-") for sign in name)
        yield name if fit and 0 < len(name) <= 64 and name[0].isalpha() else "unreadable"


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | bool | int)


def _is_plain_map(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(text, str) and 0 < len(name) <= _LANGUAGE_CHARS for name, text in value.items()
    )
