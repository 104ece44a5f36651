"""Every table's rows have an owner in backups, or are nobody's; what is called public is."""

import pytest

from reelm.models.declare import DataClass
from reelm.models.everything import metadata
from reelm.models.holdings import OWNER, PUBLIC

TABLES = {table.name: table for table in metadata.sorted_tables}


def test_every_table_is_decided():
    assert set(OWNER) == set(TABLES)
    assert set(PUBLIC) <= set(TABLES)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_that_names_people_belongs_to_one_of_them(name):
    names_people = any(
        key.column.table.name == "people" for column in TABLES[name].columns for key in column.foreign_keys
    )
    assert OWNER[name] is not None or not names_people


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_nothing_sealed_is_called_public(name):
    held = {column.info["class"] for column in TABLES[name].columns}
    assert not held & {DataClass.IDENTITY, DataClass.PRIVATE, DataClass.TELEMETRY}
