"""What can't be a charter: each refusal has its code and a sentence that says what to do."""

from typing import Any

import pytest
from tests.factories.charters import POLICY, keyholder, realm_document

from reelm.realm.checks import check, countries
from reelm.realm.schemas import (
    Auditor,
    Closure,
    Edition,
    Jurisdiction,
    Keyholder,
    Operator,
    Owner,
    Site,
    StaffRules,
    WitnessPolicies,
)


def codes(*members: Keyholder, **changes: Any) -> list[str]:
    return [refusal.code for refusal in check(realm_document(*members, **changes))]


def test_nothing_speaks_against_a_full_charter() -> None:
    full = realm_document(
        keyholder("operator"),
        keyholder("trustee", "trustee", ("storage", "owners")),
        keyholder("assessor", "assessor", ("*",)),
        threshold=2,
        realm="us",
        network="reelm.test",
        ids="https://id.reelm.test/us",
        web="https://us.reelm.test",
        border="https://border.us.reelm.test",
        operator=Operator("Test Operator", "US", "Test Operator Inc."),
        owners=[Owner("Test Operator", "US", "60.5"), Owner("Test Fund", "FR", "39.5", "Test Holding")],
        jurisdictions=[Jurisdiction("US", ["US", "CA"]), "CA"],
        storage=[Site("us-1", "US", ["primary"]), Site("ca-1", "CA", ["backup"])],
        borders=POLICY,
        auditors=[Auditor("Test Auditor", "https://auditor.test/us")],
        retention={"private": 30},
        closure=Closure(30, 60),
        valid_from="2027-01-01",
    )
    assert check(full) == []


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("charter.name_missing", {"name": " "}),
        ("charter.owners_missing", {"owners": []}),
        ("charter.languages_missing", {"edition": Edition("Reelm", "reelm", "red", "black", [])}),
        ("charter.colour", {"edition": Edition("Reelm", "reelm", "red;}body{", "black", ["en"])}),
        ("charter.ages", {"minimum_age": 0}),
        ("charter.ages", {"private_below_age": 130}),
        ("charter.version", {"version": 0}),
        ("charter.realm_id", {"realm": "United States"}),
        ("charter.network_name", {"network": "no domain"}),
        ("charter.address", {"web": "us.reelm.test"}),
        ("charter.address", {"ids": "ftp://id.reelm.test"}),
        ("charter.address", {"auditors": [Auditor("Test Auditor", "javascript:alert(1)")]}),
        ("charter.country_unknown", {"operator": Operator("Test Operator", "UK")}),
        ("charter.country_unknown", {"jurisdictions": ["XX"]}),
        ("charter.country_unknown", {"jurisdictions": [""]}),
        ("charter.country_unknown", {"storage": [Site("us-1", "us")]}),
        ("charter.country_unknown", {"staff": StaffRules("ZZ")}),
        (
            "charter.jurisdiction_twice",
            {"jurisdictions": ["US", Jurisdiction("US", ["US"])], "storage": [Site("a", "US")]},
        ),
        ("charter.share", {"owners": [Owner("Test Operator", share="most")]}),
        ("charter.share", {"owners": [Owner("Test Operator", share="NaN")]}),
        ("charter.share", {"owners": [Owner("Test Operator", share="-1")]}),
        (
            "charter.shares",
            {"owners": [Owner("Test Operator", share="60"), Owner("Test Fund", share="40.01")]},
        ),
        ("charter.no_site", {"storage": []}),
        ("charter.no_site", {"storage": [Site("us-1", "US", ["backup"])]}),
        ("charter.site_name", {"storage": [Site("us-1"), Site("us-1")]}),
        ("charter.site_country_missing", {"jurisdictions": [Jurisdiction("US", ["US"])]}),
        ("charter.key", {"border_vkey": "no key"}),
        ("charter.key", {"storage": [Site("us-1", signer="no key")]}),
        ("charter.witness_policy", {"witness_policies": WitnessPolicies(release="whoever\n")}),
        ("charter.border_policy", {"borders": "permit(principal, action, resource);"}),
        ("charter.retention", {"retention": {"secrets": 3}}),
        ("charter.retention", {"retention": {"private": -1}}),
        ("charter.closure", {"closure": Closure(-1, 30)}),
        ("charter.valid_from", {"valid_from": "soon"}),
    ],
)
def test_what_is_wrong_is_named(code: str, changes: dict[str, Any]) -> None:
    assert codes(**changes) == [code]


def test_keyholders_who_could_never_change_it_again_are_refused() -> None:
    operator = keyholder("operator")
    assert codes(operator, threshold=2) == ["charter.threshold"]
    assert codes(operator, threshold=0) == ["charter.threshold"]
    assert codes(operator, Keyholder("again", "trustee", operator.vkey), threshold=2) == [
        "charter.threshold",
        "charter.keyholder_twice",
    ]
    assert codes(operator, keyholder("trustee", "friend")) == ["charter.role_unknown"]
    assert codes(operator, keyholder("trustee", "trustee", ("weather",))) == ["charter.veto_unknown"]
    assert codes(Keyholder("operator", "operator", "no key")) == ["charter.key"]


def test_two_lists_of_sites_are_two_realms() -> None:
    """US people's data only in the US, everyone else's in Singapore: that is refused with the advice to split."""
    sites = [Site("us-1", "US"), Site("sg-1", "SG")]
    (refusal,) = check(realm_document(jurisdictions=[Jurisdiction("US", ["US"]), "FR"], storage=sites))
    assert refusal.code == "charter.two_lists"
    assert refusal.sentence == (
        "Data of people in US may lie only in US, and this realm also stores at sg-1 in SG: it needs two lists of "
        "sites. Make two realms, one per list; one operator may run both."
    )
    alone = realm_document(jurisdictions=[Jurisdiction("US", ["US"])], storage=[Site("us-1", "US")])
    everyone = realm_document(jurisdictions=[], storage=[Site("sg-1", "SG")])
    assert check(alone) == check(everyone) == []


def test_backups_and_keys_lie_at_sites_too() -> None:
    sites = [Site("us-1", "US", ["primary"]), Site("sg-1", "SG", ["backup", "kms"])]
    assert codes(jurisdictions=[Jurisdiction("US", ["US"])], storage=sites) == ["charter.two_lists"]


def test_countries_are_those_of_the_standard() -> None:
    assert {"US", "SG", "FR", "AU", "NZ", "CA"} <= countries()
    assert len(countries()) == 249
    assert not countries() & {"UK", "EU", "XX"}
