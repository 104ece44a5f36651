"""What a new version changes, as sentences."""

import pytest
from hypothesis import given
from tests.factories.charters import POLICY, documents, keyholder, realm_document, signer

from reelm.realm.changes import changes
from reelm.realm.charter import plain
from reelm.realm.schemas import Closure, Edition, Jurisdiction, Owner, RealmDocument, Site
from reelm_audit.charter import EVERYTHING, touched


@given(documents(), documents())
def test_every_subject_that_is_touched_has_a_sentence(old: RealmDocument, new: RealmDocument) -> None:
    said = {change.subject for change in changes(old, new)}
    differing = {name for name in plain(new) | plain(old) if plain(new).get(name) != plain(old).get(name)}
    assert bool(said) == bool(differing)
    vetoes = {subject for member in old.keyholders.members for subject in member.veto}
    assert said <= touched(plain(old), plain(new)) <= said | vetoes | {EVERYTHING}


@given(documents())
def test_what_is_the_same_changes_nothing(document: RealmDocument) -> None:
    assert changes(document, document) == []


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ({"name": "One"}, {"name": "Two"}, "The realm's name: Two instead of One."),
        ({}, {"network": "reelm.test"}, "The network that the realm belongs to: from now on reelm.test."),
        (
            {"owners": [Owner("Test Operator")]},
            {"owners": [Owner("Test Operator", "US", "60"), Owner("Test Fund", "FR", "40", "Test Holding")]},
            "Test Fund (40 percent, FR, belongs to Test Holding) becomes an owner of the operator.",
        ),
        (
            {"owners": [Owner("Test Operator", share="100")]},
            {"owners": [Owner("Test Operator", share="60")]},
            "Owner Test Operator: Test Operator (60 percent) instead of Test Operator (100 percent).",
        ),
        (
            {"owners": [Owner("Test Operator")]},
            {"owners": [Owner("Test Fund")]},
            "Test Operator no longer owns a share of the operator.",
        ),
        ({"jurisdictions": ["US"]}, {"jurisdictions": ["US", "CA"]}, "The realm is for people in CA, too."),
        (
            {"jurisdictions": ["US", "CA"]},
            {"jurisdictions": ["US"]},
            "The realm is no longer for people in CA.",
        ),
        ({}, {"jurisdictions": ["US"]}, "The realm is for people in US only."),
        (
            {"jurisdictions": ["US"]},
            {"jurisdictions": [Jurisdiction("US", ["US"])]},
            "Data of people in US may lie only in US.",
        ),
        (
            {"storage": [Site("us-1", "US")]},
            {"storage": [Site("us-1", "US"), Site("us-2", "US", ["backup"])]},
            "Data also lies at us-2 (US, backup).",
        ),
        (
            {"storage": [Site("us-1", "US"), Site("us-2", "US")]},
            {"storage": [Site("us-1", "US")]},
            "Data no longer lies at us-2 (US).",
        ),
        ({}, {"borders": POLICY}, "What may leave the realm changes: public is new."),
        ({"borders": POLICY}, {"borders": ""}, "What may leave the realm changes: public goes."),
        (
            {"borders": POLICY},
            {"borders": POLICY.replace("permit", "forbid")},
            "What may leave the realm changes: public changes.",
        ),
        (
            {"borders": POLICY},
            {"borders": POLICY + "\n"},
            "What may leave the realm changes, in its spelling only.",
        ),
        (
            {"retention": {"private": 30}},
            {"retention": {}},
            "How long private data is kept: no longer 30 days.",
        ),
        (
            {"closure": Closure(30, 30)},
            {"closure": Closure(60, 30)},
            "Days of notice before the realm leaves a country: 60 instead of 30.",
        ),
        ({"minimum_age": 13}, {"minimum_age": 16}, "The age from which people may join: 16 instead of 13."),
        (
            {},
            {"edition": Edition("Kinora", "reelm", "#ff6b4a", "#1a0d08", ["en", "fr", "zh"], "Be kind.")},
            "The rules that people are asked to keep: from now on Be kind.",
        ),
        (
            {},
            {"everywhere_else": False},
            "The realm takes nobody of a country that no realm of its network names.",
        ),
    ],
)
def test_a_change_is_one_sentence(before: dict[str, object], after: dict[str, object], sentence: str) -> None:
    said = changes(realm_document(**before), realm_document(**after))
    assert sentence in [change.sentence for change in said], said


def test_keyholders_come_go_and_get_other_keys() -> None:
    old = realm_document(keyholder("operator"), keyholder("trustee", "trustee"))
    moved = keyholder("operator", veto=("storage",))
    other = type(moved)("operator", "operator", signer("new").vkey, ["storage"])
    new = realm_document(other, keyholder("assessor", "assessor"), threshold=2)
    assert [change.sentence for change in changes(old, new)] == [
        "How many keyholders a change takes: 2 of 2 instead of 1 of 2.",
        "Keyholder operator: operator (operator, with a veto on storage) instead of operator (operator).",
        f"The key of operator: {signer('new').vkey} instead of {signer('operator').vkey}.",
        "assessor (assessor) becomes a keyholder.",
        "trustee is no longer a keyholder.",
    ]
