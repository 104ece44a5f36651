"""Realms of one network, as people and other realms meet them."""

from tests.factories.networks import Network


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
