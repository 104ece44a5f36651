"""Passkeys: a software authenticator against the real ceremonies."""

import datetime as dt
from uuid import UUID

import pytest
from tests.unit.custody.authenticator import Authenticator
from tests.unit.custody.conftest import ORIGIN, House

from reelm.custody import errors
from reelm.custody.service import KeysClient


async def _enrolled(house: House, client: KeysClient) -> tuple[UUID, Authenticator]:
    device = Authenticator(ORIGIN)
    person_id = house.ids.new()
    challenge = await client.passkey_sign_up_options(person_id, "lina")
    answer = client.passkey_answer(challenge.challenge_id, device.register(challenge.options))
    assert (await client.enrol(None, passkey=answer)).person_id == person_id
    return person_id, device


async def _signed_in(client: KeysClient, device: Authenticator) -> tuple[UUID, str]:
    challenge = await client.passkey_sign_in_options()
    answer = client.passkey_answer(challenge.challenge_id, device.sign(challenge.options))
    begun = await client.sign_in_passkey(answer, "phone")
    return begun.session.person_id, begun.token


async def test_a_passkey_enrols_and_signs_in(house: House) -> None:
    client = house.client()
    person_id, device = await _enrolled(house, client)
    for _ in range(2):
        assert (await _signed_in(client, device))[0] == person_id
    with pytest.raises(errors.SignInRefusedError):
        await client.sign_in(person_id, "", "x")


async def test_a_challenge_works_once(house: House) -> None:
    client = house.client()
    _, device = await _enrolled(house, client)
    challenge = await client.passkey_sign_in_options()
    answer = client.passkey_answer(challenge.challenge_id, device.sign(challenge.options))
    await client.sign_in_passkey(answer, "phone")
    with pytest.raises(errors.PasskeyRefusedError):
        await client.sign_in_passkey(answer, "phone")


async def test_a_failed_answer_uses_the_challenge_up(house: House) -> None:
    client = house.client()
    _, device = await _enrolled(house, client)
    challenge = await client.passkey_sign_in_options()
    stranger = Authenticator(ORIGIN)
    for who in (stranger, device):
        answer = client.passkey_answer(challenge.challenge_id, who.sign(challenge.options))
        with pytest.raises(errors.PasskeyRefusedError):
            await client.sign_in_passkey(answer, "phone")


async def test_a_challenge_is_too_old_after_five_minutes(house: House) -> None:
    client = house.client()
    _, device = await _enrolled(house, client)
    challenge = await client.passkey_sign_in_options()
    house.clock.advance(dt.timedelta(minutes=5))
    with pytest.raises(errors.PasskeyRefusedError):
        await client.sign_in_passkey(
            client.passkey_answer(challenge.challenge_id, device.sign(challenge.options)), "phone"
        )


@pytest.mark.parametrize("fault", ["origin", "key", "user", "not verified", "counter", "challenge"])
async def test_a_wrong_answer_is_refused(house: House, fault: str) -> None:
    client = house.client()
    _, device = await _enrolled(house, client)
    await _signed_in(client, device)
    challenge = await client.passkey_sign_in_options()
    options, user = challenge.options, None
    match fault:
        case "origin":
            device.origin = "https://reelm.example.evil"
        case "key":
            device.key = Authenticator(ORIGIN).key
        case "user":
            user = house.ids.new()
        case "not verified":
            device.flags = 1
        case "counter":
            device.counter = 0
        case "challenge":
            options = (await client.passkey_sign_in_options()).options
    answer = client.passkey_answer(challenge.challenge_id, device.sign(options, user=user))
    with pytest.raises(errors.PasskeyRefusedError):
        await client.sign_in_passkey(answer, "phone")


async def test_more_passkeys_are_bound_to_the_session_that_asked(house: House) -> None:
    client = house.client()
    person_id, token = await house.person(client)
    _, others = await house.person(client)
    device = Authenticator(ORIGIN)
    challenge = await client.passkey_options(token, "lina")
    with pytest.raises(errors.PasskeyRefusedError):
        await client.add_passkey(
            others,
            client.passkey_answer(challenge.challenge_id, device.register(challenge.options)),
            "stolen",
        )
    challenge = await client.passkey_options(token, "lina")
    answer = client.passkey_answer(challenge.challenge_id, device.register(challenge.options))
    added = await client.add_passkey(token, answer, "My phone")
    assert [line.label for line in await client.list_passkeys(token)] == ["My phone"]
    assert (await _signed_in(client, device))[0] == person_id
    excluded = (await client.passkey_options(token, "lina")).options["excludeCredentials"]
    assert len(excluded) == 1
    await client.remove_passkey(token, added.passkey_id)
    with pytest.raises(errors.PasskeyRefusedError):
        await _signed_in(client, device)


async def test_the_last_way_in_stays(house: House) -> None:
    client = house.client()
    _, device = await _enrolled(house, client)
    _, token = await _signed_in(client, device)
    line = (await client.list_passkeys(token))[0]
    with pytest.raises(errors.LastCredentialError):
        await client.remove_passkey(token, line.passkey_id)
    challenge = await client.passkey_sign_in_options()
    proof = client.passkey_answer(challenge.challenge_id, device.sign(challenge.options))
    await client.change_password(token, None, "battery staple", passkey=proof)
    await client.remove_passkey(token, line.passkey_id)


async def test_the_same_passkey_is_not_two_peoples(house: House) -> None:
    client = house.client()
    _, device = await _enrolled(house, client)
    second = house.ids.new()
    challenge = await client.passkey_sign_up_options(second, "mallory")
    answer = client.passkey_answer(challenge.challenge_id, device.register(challenge.options))
    with pytest.raises(errors.AlreadyEnrolledError):
        await client.enrol(second, passkey=answer)


async def test_a_sign_up_challenge_is_for_one_person(house: House) -> None:
    client = house.client()
    device = Authenticator(ORIGIN)
    challenge = await client.passkey_sign_up_options(house.ids.new(), "lina")
    answer = client.passkey_answer(challenge.challenge_id, device.register(challenge.options))
    with pytest.raises(errors.PasskeyRefusedError):
        await client.enrol(house.ids.new(), passkey=answer)


@pytest.mark.parametrize(
    "junk", [{}, {"rawId": 7}, {"rawId": "!!", "response": None}, {"id": "aa", "response": []}]
)
async def test_junk_is_refused_without_a_fault(house: House, junk: dict[str, object]) -> None:
    client = house.client()
    challenge = await client.passkey_sign_in_options()
    with pytest.raises(errors.PasskeyRefusedError):
        await client.sign_in_passkey(client.passkey_answer(challenge.challenge_id, junk), "x")
    challenge = await client.passkey_sign_up_options(house.ids.new(), "lina")
    with pytest.raises(errors.PasskeyRefusedError):
        await client.enrol(None, passkey=client.passkey_answer(challenge.challenge_id, junk))
