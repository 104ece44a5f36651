"""Every table is decided: a person sees, takes and erases what is about them, or the table says why it is nobody's."""

import pytest
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import UUID

from reelm.models import everything  # noqa: F401 - importing declares the tables
from reelm.models.declare import DataClass, metadata
from reelm.models.own import NOBODYS, OWN, class_of, own_statements
from reelm.rights.own import CLASSES

TABLES = {table.name: table for table in metadata.sorted_tables}
# What a column that names somebody is called, where no foreign key says it.
_PEOPLE_WORDS = ("person", "author", "actor", "follower", "followee", "blocked", "asked_by", "decided_by")


def _names_people(table: Table) -> list[str]:
    by_key = {
        column.name
        for column in table.columns
        if any(key.column.table.name == "people" for key in column.foreign_keys)
    }
    by_word = {
        column.name
        for column in table.columns
        if isinstance(column.type, UUID) and any(word in column.name for word in _PEOPLE_WORDS)
    }
    return sorted(by_key | by_word)


def test_every_table_is_decided() -> None:
    assert set(OWN) | set(NOBODYS) == set(TABLES), "decide in models/own.py whose the rows of a new table are"
    assert not set(OWN) & set(NOBODYS)
    assert all(len(reason) > 20 for reason in NOBODYS.values())


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_that_names_people_is_somebody_s(table: Table) -> None:
    if _names_people(table):
        assert table.name in OWN
    sealed = [
        column.name
        for column in table.columns
        if column.info["class"] in {DataClass.IDENTITY, DataClass.PRIVATE}
    ]
    if sealed:
        assert table.name in OWN, f"{sealed} belong to a person"


@pytest.mark.parametrize("name", OWN)
def test_pages_have_a_key_that_tells_rows_apart(name: str) -> None:
    table, own = TABLES[name], OWN[name]
    assert own.key
    primary = {column.name for column in table.primary_key}
    # Together with the column that the condition pins, the key is the primary key.
    pinned = {column for column in primary if f"t.{column} = me" in own.condition}
    assert primary <= set(own.key) | pinned, f"{name}: rows of one page could be confused"
    assert all(not table.columns[column].nullable for column in own.key)


@pytest.mark.parametrize("name", OWN)
def test_what_names_a_person_ends_with_them(name: str) -> None:
    """By foreign key to the person, by one to what is the person's, or by the function, which is named."""
    table, own = TABLES[name], OWN[name]
    for column in _names_people(table):
        keys = list(table.columns[column].foreign_keys)
        if keys:
            assert keys[0].ondelete in {"CASCADE", "SET NULL"}, (
                f"{name}.{column} would keep a person from going"
            )
        else:
            assert "deleted by" in own.ends, f"{name}.{column} names a person, and nothing ends it"
    if not _names_people(table) and name != "people":
        assert "foreign key" in own.ends or "trigger" in own.ends, f"{name}: say how its rows end"
    if "foreign key" in own.ends:
        assert any(key.ondelete in {"CASCADE", "SET NULL"} for c in table.columns for key in c.foreign_keys)


def test_classes_are_shown_from_the_most_guarded() -> None:
    assert set(CLASSES) == {str(each) for each in DataClass}
    assert class_of(TABLES["person_details"]) == DataClass.IDENTITY
    assert class_of(TABLES["uploads"]) == DataClass.PRIVATE
    assert class_of(TABLES["clips"]) == DataClass.PUBLIC


def test_the_functions_know_every_own_table() -> None:
    tables, rows = own_statements(metadata)
    for name in OWN:
        assert f"'{name}'" in tables
        assert f"WHEN '{name}'" in rows
    for name in NOBODYS:
        assert f"'{name}'" not in rows
    # The subject alone, in a session or an export: nobody names somebody else.
    for statement in (tables, rows):
        assert "me uuid := reelm.subject()" in statement
        assert "purpose() NOT IN ('session', 'rights_export')" in statement
