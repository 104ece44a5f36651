"""A checker for the part of JSON Schema that the schemas of entries use, and no more.

An unknown keyword in a schema is refused when it is compiled: what isn't understood can't be checked. A compiled
check returns None, or what is wrong with the value, in words that never repeat the value.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], str | None]

_ANNOTATIONS = {"title", "description", "default", "$defs", "$schema", "$id", "examples"}


class SchemaError(ValueError):
    """A schema uses what this checker doesn't know."""


def compile_schema(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Check:
    """Return the check of one schema; `definitions` are what its `$ref`s point to."""
    words = set(schema) - _ANNOTATIONS
    if words == {"$ref"}:
        return compile_schema(resolve(schema, definitions), definitions)
    if words == {"anyOf"}:
        return _any_of([compile_schema(each, definitions) for each in schema["anyOf"]])
    if words <= {"enum", "const", "type"} and words & {"enum", "const"}:
        return _one_of(schema.get("enum", [schema.get("const")]))
    kind = str(schema.get("type"))
    known, compiled = _TYPES.get(kind, (set(), None))
    if compiled is None:
        raise SchemaError(f"unknown type in a schema: {kind}")
    if words - known:
        raise SchemaError(f"unknown words in a schema: {', '.join(sorted(words - known))}")
    return compiled(schema, definitions)


def resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a `$ref` points to, or the schema itself."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    name = str(reference).removeprefix("#/$defs/")
    if name not in definitions:
        raise SchemaError(f"{reference} is not defined")
    return resolve(definitions[name], definitions)


def _one_of(values: list[Any]) -> Check:
    allowed = [(type(value), value) for value in values]
    return lambda value: None if (type(value), value) in allowed else "is not one of the allowed values"


def _any_of(checks: list[Check]) -> Check:
    def check(value: Any) -> str | None:
        problems = [each(value) for each in checks]
        return None if None in problems else problems[0]

    return check


def _string(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Check:
    pattern = re.compile(
        str(schema.get("pattern", "")).removesuffix("$") + (r"\Z" if "pattern" in schema else "")
    )
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength")

    def check(value: Any) -> str | None:
        if type(value) is not str:
            return "is not a text"
        if len(value) < shortest or (longest is not None and len(value) > longest):
            return "is too short or too long"
        return None if pattern.search(value) else "is not written as it must be"

    return check


def _integer(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Check:
    least, most = schema.get("minimum"), schema.get("maximum")

    def check(value: Any) -> str | None:
        if type(value) is not int:
            return "is not a whole number"
        if (least is not None and value < least) or (most is not None and value > most):
            return "is too small or too large"
        return None

    return check


def _array(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Check:
    item = compile_schema(schema["items"], definitions)
    fewest, most = schema.get("minItems", 0), schema.get("maxItems")

    def check(value: Any) -> str | None:
        if type(value) is not list:
            return "is not a list"
        if len(value) < fewest or (most is not None and len(value) > most):
            return "has too few or too many items"
        for each in value:
            problem = item(each)
            if problem:
                return f"has an item that {problem}"
        return None

    return check


def _object(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Check:
    fields = {name: compile_schema(each, definitions) for name, each in schema.get("properties", {}).items()}
    required = frozenset(schema.get("required", ()))
    others = schema.get("additionalProperties", False)
    other = compile_schema(others, definitions) if isinstance(others, Mapping) else None

    def check(value: Any) -> str | None:
        if type(value) is not dict:
            return "is not an object"
        if not required <= value.keys():
            return f"lacks {', '.join(sorted(required - value.keys()))}"
        for name, each in value.items():
            known = fields.get(name, other)
            if known is None:
                return "has a field that does not belong there"
            problem = known(each)
            if problem:
                return f"{name} {problem}" if name in fields else f"a value {problem}"
        return None

    return check


def _boolean(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Check:
    return lambda value: None if isinstance(value, bool) else "is not true or false"


def _null(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Check:
    return lambda value: None if value is None else "is not empty"


_Compile = Callable[[Mapping[str, Any], Mapping[str, Any]], Check]

_TYPES: dict[str, tuple[set[str], _Compile]] = {
    "string": ({"type", "pattern", "minLength", "maxLength"}, _string),
    "integer": ({"type", "minimum", "maximum"}, _integer),
    "array": ({"type", "items", "minItems", "maxItems"}, _array),
    "object": ({"type", "properties", "required", "additionalProperties"}, _object),
    "boolean": ({"type"}, _boolean),
    "null": ({"type"}, _null),
}
