"""Realms of one network, as people and other realms meet them."""

from tests.conftest import sign_up_body
from tests.factories.networks import NETWORK, Network


async def test_two_realms_know_each_other(network: Network) -> None:
    for here, there in ((network.us, "world"), (network.world, "us")):
        connection = await network.as_admin(here)
        known = await connection.fetch("SELECT realm, state FROM peers")
        await connection.close()
        assert [(row["realm"], row["state"]) for row in known] == [(there, "open")]


async def test_each_has_its_own_people(network: Network) -> None:
    lea, paul = await network.sign_up(network.us), await network.sign_up(network.world)
    assert (await network.client(network.us).get(f"/api/v1/people/{lea.handle}")).status_code == 200
    assert (await network.client(network.us).get(f"/api/v1/people/{paul.handle}")).status_code == 404
    assert (await network.client(network.world).get(f"/api/v1/people/{lea.handle}")).status_code == 404


async def test_the_directory_says_who_lives_where(network: Network) -> None:
    seen = {}
    for name, realm in (("us", network.us), ("world", network.world)):
        answer = await network.client(realm).get("/api/v1/network")
        assert answer.status_code == 200, answer.text
        seen[name] = answer.json()
        assert next((each["realm"], each["here"]) for each in seen[name]["realms"]) == (name, True)
    us = {each["realm"]: each for each in seen["us"]["realms"]}
    assert (us["us"]["countries"], us["us"]["elsewhere"]) == (["US"], False)
    assert (us["world"]["countries"], us["world"]["elsewhere"]) == ([], True)
    assert us["world"]["storage"] == [{"site": "hall in Tuas", "country": "SG"}]
    assert seen["us"]["network"] == seen["world"]["network"] == NETWORK


async def test_signing_up_leads_to_the_realm_of_ones_country(network: Network) -> None:
    for asked, country, home in (
        (network.us, "FR", network.world),
        (network.us, "SG", network.world),
        (network.world, "US", network.us),
    ):
        body = sign_up_body(country=country)
        refused = await network.client(asked).post("/api/v1/accounts", json=body)
        assert refused.status_code == 409, refused.text
        problem = refused.json()
        assert problem["code"] == "realm.lives_elsewhere"
        assert problem["fields"]["web"] == network.place(home).web
        assert problem["fields"]["realm"] == network.name(home)
        there = await network.client(home).post("/api/v1/accounts", json=body)
        assert there.status_code == 201, there.text
        assert (await network.client(asked).get(f"/api/v1/people/{body['handle']}")).status_code == 404


async def test_moving_house_into_another_realms_country_is_refused_with_the_way(network: Network) -> None:
    paul = await network.sign_up(network.world, "FR")
    assert (await paul.patch("/me", {"country": "DE"})).json()["country"] == "DE"
    refused = await paul.patch("/me", {"country": "US", "bio": "new"})
    assert refused.status_code == 409
    assert refused.json()["fields"]["web"] == network.place(network.us).web
    me = (await paul.get("/me")).json()
    assert (me["country"], me["bio"]) == ("DE", "")
