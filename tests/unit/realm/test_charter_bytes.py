"""What a charter is as bytes: one written before there were realms and borders keeps its digest for ever."""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from tests.factories.charters import documents, old_documents, realm_document

from reelm.entrypoints import chartering
from reelm.realm import charter
from reelm.realm.schemas import Closure, Jurisdiction, RealmDocument
from reelm_audit.tlog import canonical

SCHEMA = Path(__file__).parents[3] / "spec" / "charter" / "charter.schema.json"


@given(old_documents())
def test_a_charter_of_the_first_release_keeps_its_bytes(said: dict[str, Any]) -> None:
    read = msgspec.json.decode(json.dumps(said), type=RealmDocument)
    assert charter.document_of(read) == canonical.encode(said)
    assert charter.digest_of(read) == hashlib.sha256(canonical.encode(said)).hexdigest()


@given(documents())
def test_a_charter_is_read_again_as_it_was_written(document: RealmDocument) -> None:
    written = charter.document_of(document)
    again = msgspec.json.decode(written, type=RealmDocument)
    assert charter.document_of(again) == written
    assert again.countries == document.countries


def test_what_is_said_anew_is_in_the_bytes_and_what_is_at_its_default_is_not() -> None:
    plain = realm_document()
    assert b"closure" not in charter.document_of(plain)
    said = realm_document(
        closure=Closure(30, 60), realm="us", jurisdictions=[Jurisdiction("US", ["US"]), "CA"]
    )
    read = json.loads(charter.document_of(said))
    assert read["closure"] == {"export_days": 60, "notice_days": 30}
    assert read["jurisdictions"] == [{"country": "US", "stored_in": ["US"]}, "CA"]
    assert "network" not in read


def test_one_jurisdiction_has_one_spelling() -> None:
    plain, long = realm_document(jurisdictions=["US"]), realm_document(jurisdictions=[Jurisdiction("US")])
    assert charter.digest_of(plain) == charter.digest_of(long)


def test_the_published_schema_is_the_one_in_use() -> None:
    assert SCHEMA.read_bytes() == chartering.schema()
