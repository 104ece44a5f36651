"""How people take their data and go: proofs, tickets, keys of their own files."""

import datetime as dt

import pytest
from tests.unit.custody.authenticator import Authenticator
from tests.unit.custody.conftest import ORIGIN, House

from reelm.custody import errors
from reelm.kit.errors import SignInRequiredError


async def test_a_session_alone_erases_nobody(house: House) -> None:
    web = house.client()
    _, token = await house.person(web)
    _, mallorys = await house.person(web, "mallorys own")
    with pytest.raises(errors.ProofRequiredError):
        await web.erase(token)
    with pytest.raises(errors.ProofRequiredError):
        await web.erasure_ticket(token)
    for wrong in ("", "wrong horse", "mallorys own"):
        with pytest.raises(errors.SignInRefusedError) as refused:
            await web.erase(token, password=wrong)
        assert refused.value.fields == {"password": "wrong"}
        with pytest.raises(errors.SignInRefusedError):
            await web.erasure_ticket(token, password=wrong)
    assert await web.resolve(token)
    assert await web.resolve(mallorys)
    await web.erase(token, password="correct horse")
    with pytest.raises(SignInRequiredError):
        await web.resolve(token)
    assert await web.resolve(mallorys)


async def test_a_passkey_is_proof_once_and_for_its_owner_only(house: House) -> None:
    web = house.client()
    _, token = await house.person(web)
    _, mallorys = await house.person(web, "mallorys own")
    passkey, other = Authenticator(ORIGIN), Authenticator(ORIGIN)
    for session, device in ((token, passkey), (mallorys, other)):
        challenge = await web.passkey_options(session, "lina")
        answer = web.passkey_answer(challenge.challenge_id, device.register(challenge.options))
        await web.add_passkey(session, answer, "x")
    challenge = await web.passkey_sign_in_options()
    foreign = web.passkey_answer(challenge.challenge_id, other.sign(challenge.options))
    with pytest.raises(errors.PasskeyRefusedError):
        await web.erasure_ticket(token, passkey=foreign)
    challenge = await web.passkey_sign_in_options()
    answer = web.passkey_answer(challenge.challenge_id, passkey.sign(challenge.options))
    assert await web.erasure_ticket(token, passkey=answer)
    with pytest.raises(errors.PasskeyRefusedError):
        await web.erase(token, passkey=answer)


async def test_an_erasure_s_ticket_is_good_until_nothing_is_left(house: House) -> None:
    web, worker = house.client(), house.client("worker")
    person, token = await house.person(web)
    with pytest.raises(errors.TicketRefusedError):
        await web.mint_job_ticket(token, "rights_erase")
    with pytest.raises(errors.TicketRefusedError):
        await worker.schedule_ticket("rights_erase", person)
    ticket = await web.erasure_ticket(token, password="correct horse")
    export = await web.mint_job_ticket(token, "rights_export")
    with pytest.raises(errors.TicketRefusedError):
        await worker.erase_by_job(export)
    with pytest.raises(errors.CallerRefusedError):
        await web.erase_by_job(ticket)
    before = await worker.job_keys(ticket, "rights_erase")
    await worker.erase_by_job(ticket)
    await worker.erase_by_job(ticket)
    after = await worker.job_keys(ticket, "rights_erase")
    assert before.person_id == after.person_id == person
    assert (after.data_key, after.clip_key, after.upload_key) == (None, None, None)
    assert after.ticket.split(".")[2] == "rights_erase"
    with pytest.raises(errors.TicketRefusedError):
        await worker.job_keys(export, "rights_export")
    with pytest.raises(SignInRequiredError):
        await web.resolve(token)
    house.clock.advance(dt.timedelta(days=31))
    with pytest.raises(errors.TicketRefusedError):
        await worker.erase_by_job(ticket)


async def test_a_job_opens_its_person_s_clips_and_no_other(house: House) -> None:
    web, worker = house.client(), house.client("worker")
    lina, token = await house.person(web)
    mallory, mallorys = await house.person(web, "mallorys own")
    clips = [house.ids.new() for _ in range(120)]
    fresh = {clip: await web.new_clip_key(token, clip) for clip in clips}
    for clip, key in fresh.items():
        house.rows.keys[clip] = (lina, key.wrapped)
    theirs = house.ids.new()
    house.rows.keys[theirs] = (mallory, (await web.new_clip_key(mallorys, theirs)).wrapped)
    moved = house.ids.new()  # a wrapped key under another clip's id
    house.rows.keys[moved] = (lina, fresh[clips[0]].wrapped)
    house.rows.seen_by[lina] = {*clips, theirs, moved}
    ticket = await web.mint_job_ticket(token, "rights_export")
    found = await worker.job_clip_keys(ticket, [*clips, theirs, moved, house.ids.new()])
    assert found == {clip: key.key for clip, key in fresh.items()}
    assert (await worker.job_keys(ticket, "rights_export")).data_key == await web.person_key(token)
    for purpose in ("media_process", "notice_deliver"):
        with pytest.raises(errors.TicketRefusedError):
            await worker.job_clip_keys(await web.mint_job_ticket(token, purpose), clips)
    with pytest.raises(errors.CallerRefusedError):
        await web.job_clip_keys(ticket, clips)


async def test_a_job_s_new_file_opens_for_its_person(house: House) -> None:
    web, worker = house.client(), house.client("worker")
    _, token = await house.person(web)
    _, mallorys = await house.person(web, "mallorys own")
    ticket = await web.mint_job_ticket(token, "rights_export")
    file_id = house.ids.new()
    fresh = await worker.job_file_key(ticket, "export", file_id)
    assert await web.own_file_key(token, "export", file_id, fresh.wrapped) == fresh.key
    for other in (
        web.own_file_key(mallorys, "export", file_id, fresh.wrapped),
        web.own_file_key(token, "upload", file_id, fresh.wrapped),
        web.own_file_key(token, "export", house.ids.new(), fresh.wrapped),
    ):
        with pytest.raises(errors.NotFoundError):
            await other
    other_ticket = await web.mint_job_ticket(token, "media_process", house.ids.new())
    with pytest.raises(errors.TicketRefusedError):
        await worker.job_file_key(other_ticket, "export", file_id)


async def test_a_passkey_is_added_just_after_signing_in_or_with_a_proof(house: House) -> None:
    web = house.client()
    person, token = await house.person(web)
    assert await web.passkey_options(token, "lina")
    house.clock.advance(dt.timedelta(minutes=15))
    with pytest.raises(errors.ProofRequiredError):
        await web.passkey_options(token, "lina")
    with pytest.raises(errors.SignInRefusedError):
        await web.passkey_options(token, "lina", password="wrong horse")
    assert await web.passkey_options(token, "lina", password="correct horse")
    fresh = (await web.sign_in(person, "correct horse", "x")).token
    assert await web.passkey_options(fresh, "lina")
    # A wrong proof is not outweighed by a fresh session.
    with pytest.raises(errors.SignInRefusedError):
        await web.passkey_options(fresh, "lina", password="wrong horse")
