"""Who lives where, as the charters of a network say it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.realm.network import (
    KnownCharter,
    LivesElsewhereError,
    check_residence,
    contradictions,
    countries_of,
    directory_of,
    find_home,
)


def charter(realm: str, jurisdictions: list[Any], network: str = "reelm.test", **more: Any) -> dict[str, Any]:
    return {
        "realm": realm,
        "network": network,
        "name": realm.title(),
        "operator": {"name": "Somebody"},
        "web": f"https://{realm}.test",
        "jurisdictions": jurisdictions,
        "storage": [{"site": f"{realm}-1", "country": "LU"}],
        **more,
    }


def known(document: dict[str, Any]) -> KnownCharter:
    return KnownCharter(document["realm"], document["network"], "ab" * 32, document)


US, WORLD = charter("us", ["US"]), charter("world", [])
NEWCO = charter("newco", [], everywhere_else=False)


def test_a_country_leads_to_the_realm_that_names_it_and_any_other_to_the_rest() -> None:
    realms = directory_of(WORLD, "cd" * 32, [known(US), known(NEWCO)]).realms
    found = {country: find_home(realms, country) for country in ("US", "FR", "SG")}
    assert {country: home and home.realm for country, home in found.items()} == {
        "US": "us",
        "FR": "world",
        "SG": "world",
    }


def test_who_lives_elsewhere_is_told_where() -> None:
    directory = directory_of(WORLD, "cd" * 32, [known(US)])
    check_residence(directory, "FR")
    with pytest.raises(LivesElsewhereError) as refused:
        check_residence(directory, "US")
    assert refused.value.fields == {
        "realm": "us",
        "name": "Us",
        "web": "https://us.test",
        "countries": "US",
    }


def test_nobody_is_sent_to_a_realm_that_takes_nobody() -> None:
    directory = directory_of(US, "cd" * 32, [known(NEWCO)])
    with pytest.raises(LivesElsewhereError) as refused:
        check_residence(directory, "FR")
    assert refused.value.fields["realm"] == ""


def test_a_realm_of_another_network_is_no_home_of_ones_people() -> None:
    stranger = charter("us", ["US"], network="other.test")
    directory = directory_of(WORLD, "cd" * 32, [known(stranger)])
    assert [each.realm for each in directory.realms] == ["world"]
    check_residence(directory, "US")


def test_a_realm_alone_takes_everybody() -> None:
    check_residence(directory_of(charter("home", [], network=""), "cd" * 32, []), "FR")


def test_jurisdictions_are_read_with_and_without_their_sites() -> None:
    assert countries_of({"jurisdictions": ["US", {"country": "CA", "stored_in": ["CA"]}]}) == ["US", "CA"]


def test_the_same_knowledge_has_the_same_version_from_either_side() -> None:
    here = directory_of(US, "ab" * 32, [known(WORLD)])
    there = directory_of(WORLD, "ab" * 32, [known(US)])
    assert here.version == there.version
    assert (
        here.version != directory_of(US, "ab" * 32, [known({**WORLD, "web": "https://moved.test"})]).version
    )


def test_charters_that_claim_the_same_people_are_named() -> None:
    assert contradictions([US, WORLD, NEWCO]) == []
    assert "Us and Too both name US" in contradictions([US, charter("too", ["CA", "US"])])[0]
    assert "only one of a network can" in contradictions([WORLD, charter("rest", [])])[0]


@given(
    st.lists(st.sampled_from(["US", "FR", "SG", "CA", "NZ"]), unique=True), st.booleans(), st.integers(0, 4)
)
def test_without_contradictions_everybody_has_exactly_one_home(
    countries: list[str], rest: bool, cut: int
) -> None:
    one, two = countries[:cut], countries[cut:]
    documents = [
        charter("one", one, everywhere_else=False),
        charter("two", two, everywhere_else=False),
        charter("rest", [], everywhere_else=rest),
    ]
    assert contradictions(documents) == []
    for country in ("US", "FR", "SG", "CA", "NZ"):
        homes = set()
        for own in documents:
            others = [known(each) for each in documents if each is not own]
            home = find_home(directory_of(own, "ab" * 32, others).realms, country)
            homes.add(home.realm if home else None)
        expected = "one" if country in one else "two" if country in two else "rest" if rest else None
        assert homes == {expected}
