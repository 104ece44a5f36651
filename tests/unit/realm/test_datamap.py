"""The data map says all there is, in one spelling; the device's part covers all that the client touches."""

import json
import re
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from reelm.models.everything import metadata
from reelm.models.rooms import TABLES_OF
from reelm.realm import datamap
from reelm.realm.schemas import RealmDocument
from reelm_audit.tlog import canonical

CLIENT = Path(__file__).parents[3] / "web" / "src"
# Everything of a browser by which a page learns about, or leaves something on, a device.
_TOUCHES = re.compile(
    r"\b(navigator\.[a-zA-Z]+|localStorage|sessionStorage|indexedDB|caches(?=\.)|matchMedia|getUserMedia"
    r"|getDisplayMedia|getBattery|document\.cookie|Notification|PushManager|DeviceOrientationEvent"
    r"|screen\.orientation)\b"
)


def _realm() -> RealmDocument:
    return msgspec.json.decode(files("reelm.realm").joinpath("default.json").read_bytes(), type=RealmDocument)


def _map() -> dict:
    return canonical.decode(datamap.document(metadata.sorted_tables, TABLES_OF, _realm()))


def test_every_table_and_column_is_in_it_with_its_class():
    mapped = {table["name"]: {c["name"]: c["class"] for c in table["columns"]} for table in _map()["tables"]}
    declared = {
        table.name: {column.name: str(column.info["class"]) for column in table.columns}
        for table in metadata.sorted_tables
    }
    assert mapped == declared


def test_what_is_sealed_is_called_sealed():
    columns = {(t["name"], c["name"]): c for t in _map()["tables"] for c in t["columns"]}
    assert columns["person_details", "email_sealed"]["sealed"]
    assert columns["clip_keys", "wrapped_key"]["sealed"]
    assert not columns["people", "handle_key"]["sealed"]


def test_the_same_declarations_give_the_same_bytes():
    tables = metadata.sorted_tables
    assert datamap.document(tables, TABLES_OF, _realm()) == datamap.document(
        list(reversed(tables)), TABLES_OF, _realm()
    )


def test_another_operator_is_another_map():
    other = msgspec.structs.replace(
        _realm(), operator=msgspec.structs.replace(_realm().operator, country="NZ")
    )
    assert datamap.document(metadata.sorted_tables, TABLES_OF, other) != datamap.document(
        metadata.sorted_tables, TABLES_OF, _realm()
    )


def test_a_column_without_a_room_is_an_error():
    with pytest.raises(KeyError):
        datamap.document(metadata.sorted_tables, {}, _realm())


def test_the_device_part_names_everything_the_client_touches():
    declared = {api for item in json.loads(_device()) for api in item["apis"]}
    touched = {
        match[1]
        for path in (*CLIENT.rglob("*.ts"), *CLIENT.rglob("*.svelte"))
        if ".test." not in path.name and "i18n/" not in str(path)
        for match in _TOUCHES.finditer(path.read_text())
    }
    assert touched, "the client's sources were not found"
    assert touched - declared == set()
    assert declared - touched == set()


def _device() -> bytes:
    return files("reelm.realm").joinpath("device.json").read_bytes()
