"""How a table is declared: columns with a data class, rows with audiences, roles with grants.

An *audience* is a row-level security predicate kept as data: who, beside the owner, may see or change a row.
`reelm migrate` turns the audiences and grants of all tables into policies, each time it runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.types import TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

ME = "(SELECT reelm.subject())"


def mine(column: str) -> str:
    """The condition that `column` names the subject.

    It is said twice. As one of a list of one it is tried first: a plain equality would be sorted behind what a
    query asks for, and who asks would be looked up (or not) depending on whether there is such a row. That shows,
    in EXPLAIN and in which statements fail for a ticket that is no good. The plain equality is what every version
    of PostgreSQL makes part of an index's condition, so that no row is found first and left out after.
    """
    return f"{column} = ANY (ARRAY[{ME}]) AND {column} = {ME}"


Command = Literal["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"]


class DataClass(StrEnum):
    """What a column holds (01-product, Words)."""

    PUBLIC = "public"
    SOCIAL = "social"
    IDENTITY = "identity"
    PRIVATE = "private"
    TELEMETRY = "telemetry"
    DERIVED = "derived"
    OPERATIONAL = "operational"


@dataclass(frozen=True)
class Audience:
    """Who may do `command` on a row: `using` for rows that exist, `check` for rows as they would become."""

    name: str
    command: Command
    using: str = ""
    check: str = ""
    role: str = "reelm_web, reelm_worker, reelm_keys"


def owner(column: str) -> Audience:
    """The person named by `column` may do everything with the row."""
    return Audience("owner", "ALL", mine(column), mine(column))


def counterpart(column: str, command: Command = "SELECT") -> Audience:
    """The other person named in the row may see it (or what `command` says)."""
    check = f"{column} = {ME}" if command in {"INSERT", "UPDATE"} else ""
    using = "" if command == "INSERT" else f"{column} = {ME}"
    return Audience(f"counterpart_{command.lower()}", command, using, check)


def acting(column: str, condition: str = "true") -> Audience:
    """A person may add a row that names them in `column`, if `condition` holds."""
    return Audience("acting", "INSERT", "", f"{column} = {ME} AND ({condition})")


def member(condition: str, name: str = "member") -> Audience:
    """Whoever fulfils `condition` may see the row."""
    return Audience(name, "SELECT", condition)


def everyone(condition: str = "true") -> Audience:
    """Anyone may see rows of this kind, as far as `condition` goes."""
    return Audience("everyone", "SELECT", condition)


def catalog(condition: str = "true") -> Audience:
    """The roles that build feed and search indexes, for nobody in particular, may see these rows."""
    return Audience("catalog", "SELECT", condition, role="reelm_catalog, reelm_indexer")


def abroad(condition: str) -> Audience:
    """The border, which answers other realms as it would anybody, may see these rows of this realm's own people."""
    return Audience("abroad", "SELECT", condition, role="reelm_border")


def declare(
    name: str,
    *parts: Any,
    purpose: str,
    retention: str,
    audiences: Sequence[Audience],
    grants: Mapping[str, str],
    **options: Any,
) -> Table:
    """Declare a table.

    Args:
        name: the table's name, a plural noun.
        parts: columns made by `column` and constraints.
        purpose: why the realm keeps this, in words a person understands (data map).
        retention: until when.
        audiences: who may see or change which row; nobody else can.
        grants: login role → privileges, such as `SELECT, INSERT` or `SELECT (id, caption)`.
        options: passed on to SQLAlchemy.
    """
    info = {"purpose": purpose, "retention": retention, "audiences": tuple(audiences), "grants": dict(grants)}
    return Table(name, metadata, *parts, info=info, **options)


def column(
    name: str, kind: TypeEngine[Any], data_class: DataClass, *rest: Any, **options: Any
) -> Column[Any]:
    """Declare a column; `data_class` is not optional. Columns are NOT NULL unless `nullable=True`."""
    options.setdefault("nullable", False)
    return Column(name, kind, *rest, info={"class": data_class}, **options)
