"""Whether an entry's bytes are the canonical JSON of a known kind.

Nearly all entries are read by one regular expression made from their kind's schema: bytes that it matches are
canonical *and* of the right form, since it spells out the names in order and leaves no choice of spelling. What
it doesn't match is looked at again slowly: decoded, encoded again and checked by field, which says what is wrong.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

from reelm_audit.rules.schema import Check, SchemaError, compile_schema, resolve
from reelm_audit.tlog import canonical

Entry = dict[str, Any]

_KIND = re.compile(rb'"kind":"([a-z._]{1,40})"')
# Patterns of texts that are spelt alike in JSON: no quotes, backslashes, control characters, nothing beyond ASCII.
_PLAIN = re.compile(
    r"\^(?:\[(?:[A-Za-z0-9+/]|[A-Za-z0-9]-[A-Za-z0-9])+\]|\{\d+\}|\\d|\(|\)|\?|[A-Za-z0-9:=-])*\$"
)
_scan: Callable[[str, int], tuple[Entry, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
_SMALL = 10**15  # whole numbers of up to 15 digits need no look at their size


class FormError(ValueError):
    """An entry has not the form it must have. `code` names the rule."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Forms:
    """The forms of all known kinds, compiled once."""

    def __init__(self, schemas: Mapping[str, Mapping[str, Any]]) -> None:
        self._checks: dict[str, Check] = {}
        self._quick: dict[bytes, tuple[re.Pattern[bytes], list[tuple[str, int, int]]]] = {}
        for kind, schema in schemas.items():
            definitions = schema.get("$defs", {})
            self._checks[kind] = compile_schema(schema, definitions)
            quick = _quick(resolve(schema, definitions), definitions)
            if quick is not None:
                self._quick[kind.encode()] = quick

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds an entry may be of."""
        return frozenset(self._checks)

    def read(self, data: bytes) -> Entry:
        """Return an entry's fields; raises `FormError`."""
        kind = _KIND.search(data)
        if kind is not None:
            quick = self._quick.get(kind[1])
            if quick is not None and quick[0].fullmatch(data):
                entry: Entry = _scan(data.decode("ascii"), 0)[0]
                if not quick[1] or all(least <= entry[name] <= most for name, least, most in quick[1]):
                    return entry
        return self._read_slowly(data)

    def _read_slowly(self, data: bytes) -> Entry:
        try:
            entry = canonical.decode(data)
        except canonical.CanonicalError as error:
            raise FormError(_spelling(data), str(error)) from error
        kind = entry.get("kind") if isinstance(entry, dict) else None
        if not isinstance(kind, str):
            raise FormError("form.schema", "the entry has no kind")
        check = self._checks.get(kind)
        if check is None:
            raise FormError("form.unknown-kind", f"the kind is {kind[:60]!r}")
        problem = "a field is empty and should be left out" if None in entry.values() else check(entry)
        if problem:
            raise FormError("form.schema", f"{kind}: {problem}")
        return dict(entry)


def _spelling(data: bytes) -> str:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return "form.not-json"
    return "form.not-canonical"


def _quick(
    schema: Mapping[str, Any], definitions: Mapping[str, Any]
) -> tuple[re.Pattern[bytes], list[tuple[str, int, int]]] | None:
    """Return the expression that canonical entries of a kind match, and the numbers to look at afterwards.

    None if a field's values have more than one spelling, or if the first field in order may be missing.
    """
    required = set(schema["required"])
    names = sorted(schema["properties"])
    if names[0] not in required or not all(name.isascii() and name.isidentifier() for name in names):
        return None
    parts, numbers = [], []
    for position, name in enumerate(names):
        field = resolve(schema["properties"][name], definitions)
        value = _value(_without_null(field, definitions))
        if value is None or (field.get("type") == "integer" and name not in required):
            return None
        if field.get("minimum", 0) > 0 or field.get("maximum", _SMALL) < _SMALL:
            numbers.append((name, field.get("minimum", 0), field.get("maximum", _SMALL)))
        spelt = f'{"," if position else ""}"{name}":{value}'
        parts.append(spelt if name in required else f"(?:{spelt})?")
    return re.compile(("\\{" + "".join(parts) + "\\}").encode()), numbers


def _without_null(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """An optional field is left out rather than null."""
    options = [each for each in field.get("anyOf", ()) if each.get("type") != "null"]
    return resolve(options[0], definitions) if len(options) == 1 else field


def _value(field: Mapping[str, Any]) -> str | None:
    """Return an expression for the one spelling of a field's value, or None if it has several."""
    if "enum" in field or "const" in field:
        return _choice(field.get("enum", [field.get("const")]))
    match field.get("type"):
        case "boolean":
            return "(?:true|false)"
        case "integer" if field.get("minimum", -1) >= 0:
            return "(?:0|[1-9][0-9]{0,14})"
        case "string" if "minLength" not in field and "maxLength" not in field:
            pattern = str(field.get("pattern", ""))
            plain = pattern[1:-1].replace(r"\d", "[0-9]")
            return f'"(?:{plain})"' if _PLAIN.fullmatch(pattern) else None
        case "array":
            return _list(field)
    return None


def _choice(values: Sequence[Any]) -> str | None:
    if not all(isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._-]*", value) for value in values):
        return None
    return '"(?:' + "|".join(re.escape(value) for value in values) + ')"'


def _list(field: Mapping[str, Any]) -> str | None:
    item, fewest = _value(field["items"]), field.get("minItems", 0)
    if item is None or fewest not in {0, 1}:
        return None
    most = field.get("maxItems")
    more = "*" if most is None else f"{{0,{most - 1}}}"
    several = f"{item}(?:,{item}){more}"
    return f"\\[{several}\\]" if fewest else f"\\[(?:{several})?\\]"


def load() -> Forms:
    """Return the forms of the kinds in `schemas.json`, which is made from the server's declarations."""
    text = resources.files("reelm_audit").joinpath("schemas.json").read_text(encoding="utf-8")
    return Forms(json.loads(text))


__all__ = ["Entry", "FormError", "Forms", "SchemaError", "load"]
