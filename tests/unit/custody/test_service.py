"""The keys protocol over a real socket: what works, and what is refused."""

import asyncio
import datetime as dt

import pytest
from tests.unit.custody.conftest import House

from reelm.custody import errors
from reelm.custody.purposes import Purpose, Purposes
from reelm.custody.tickets import verify_subject
from reelm.kit.errors import NotFoundError, SignInRequiredError, TooManyRequestsError


async def test_a_person_enrols_signs_in_and_is_known(house: House) -> None:
    client = house.client()
    person_id = house.ids.new()
    enrolment = await client.enrol(person_id, password="correct horse")
    assert enrolment.person_id == person_id
    assert len(enrolment.data_key) == 32
    signed_in = await client.sign_in(person_id, "correct horse", "Firefox on a phone")
    session = await house.client().resolve(signed_in.token)
    assert session.person_id == person_id
    assert session.session_id == signed_in.session.session_id
    assert verify_subject(house.rows.secrets[-1], session.ticket, "session", house.clock.now()) == person_id
    assert await client.person_key(signed_in.token) == enrolment.data_key
    lines = await client.list_sessions(signed_in.token)
    assert [(line.client, line.current) for line in lines] == [("Firefox on a phone", True)]


async def test_a_wrong_password_and_nobody_are_answered_alike(house: House) -> None:
    client = house.client()
    person_id, _ = await house.person(client)
    for who in (person_id, None, house.ids.new()):
        with pytest.raises(errors.SignInRefusedError):
            await client.sign_in(who, "wrong horse", "test", name="someone")


async def test_enrolment_can_be_repeated_until_the_first_sign_in_only(house: House) -> None:
    client = house.client()
    person_id = house.ids.new()
    first = await client.enrol(person_id, password="correct horse")
    again = await client.enrol(person_id, password="correct horse")
    assert again.data_key == first.data_key
    with pytest.raises(errors.AlreadyEnrolledError):
        await client.enrol(person_id, password="another horse")
    await client.sign_in(person_id, "correct horse", "test")
    with pytest.raises(errors.AlreadyEnrolledError):
        await client.enrol(person_id, password="correct horse")


async def test_enrolment_needs_a_suitable_credential(house: House) -> None:
    client = house.client()
    with pytest.raises(errors.CredentialMissingError):
        await client.enrol(house.ids.new())
    with pytest.raises(errors.PasswordUnsuitableError):
        await client.enrol(house.ids.new(), password="short")
    with pytest.raises(errors.PasswordUnsuitableError):
        await client.enrol(house.ids.new(), password="x" * 257)


async def test_a_withdrawn_enrolment_leaves_nothing_and_a_confirmed_one_stays(house: House) -> None:
    client = house.client()
    gone, kept, committed = house.ids.new(), house.ids.new(), house.ids.new()
    house.rows.people = {committed}
    await client.withdraw(await client.enrol(committed, password="correct horse"))
    await client.sign_in(committed, "correct horse", "test")
    await client.withdraw(await client.enrol(gone, password="correct horse"))
    with pytest.raises(errors.SignInRefusedError):
        await client.sign_in(gone, "correct horse", "test")
    enrolment = await client.enrol(kept, password="correct horse")
    await client.sign_in(kept, "correct horse", "test")
    await client.withdraw(enrolment)
    assert (await client.sign_in(kept, "correct horse", "test")).session.person_id == kept


async def test_sign_out_is_heard_at_once_in_every_process(house: House) -> None:
    web, other = house.client(), house.client()
    person_id, token = await house.person(web)
    second = (await other.sign_in(person_id, "correct horse", "tablet")).token
    await other.resolve(token)
    await web.resolve(second)
    await web.revoke(token)
    with pytest.raises(SignInRequiredError):
        await web.resolve(token)
    for _ in range(100):
        await asyncio.sleep(0.01)
        try:
            await other.resolve(token)
        except SignInRequiredError:
            break
    else:
        pytest.fail("the other process still knows the session")
    assert (await web.resolve(second)).person_id == person_id
    assert len(house.rows.announced) == 1


async def test_sign_out_of_others_and_everywhere(house: House) -> None:
    client = house.client()
    person_id, token = await house.person(client)
    tokens = [(await client.sign_in(person_id, "correct horse", "x")).token for _ in range(3)]
    assert await client.revoke_others(token) == 3
    for other in tokens:
        with pytest.raises(SignInRequiredError):
            await client.resolve(other)
    assert await client.revoke_all(token) == 1
    with pytest.raises(SignInRequiredError):
        await client.resolve(token)


async def test_nobody_ends_anothers_session(house: House) -> None:
    client = house.client()
    _, token = await house.person(client)
    _, other = await house.person(client)
    victim = (await client.resolve(other)).session_id
    with pytest.raises(NotFoundError):
        await client.revoke(token, victim)
    assert (await client.resolve(other)).session_id == victim


async def test_a_session_slides_and_then_runs_out(house: House) -> None:
    client = house.client()
    _, token = await house.person(client)
    house.clock.advance(dt.timedelta(days=29))
    assert (await client.resolve(token)).person_id
    assert (await client.list_sessions(token))[0].last_seen_at == house.clock.now()
    house.clock.advance(dt.timedelta(days=29))
    assert (await client.resolve(token)).person_id
    house.clock.advance(dt.timedelta(days=31))
    with pytest.raises(SignInRequiredError):
        await client.resolve(token)
    assert house.keeper is not None
    await house.keeper.every_hour()
    assert house.keeper.store.reader.execute("SELECT count(*) FROM sessions").fetchone() == (0,)


async def test_a_token_that_a_client_brings_never_becomes_a_session(house: House) -> None:
    """Session fixation: the token after signing in is always a fresh one."""
    client = house.client()
    person_id = house.ids.new()
    await client.enrol(person_id, password="correct horse")
    planted = house.ids.token()
    with pytest.raises(SignInRequiredError):
        await client.resolve(planted)
    tokens = {(await client.sign_in(person_id, "correct horse", "x")).token for _ in range(3)}
    assert len(tokens) == 3
    assert planted not in tokens
    with pytest.raises(SignInRequiredError):
        await client.resolve(planted)


async def test_a_new_password_ends_the_other_sessions(house: House) -> None:
    client = house.client()
    person_id, token = await house.person(client)
    other = (await client.sign_in(person_id, "correct horse", "x")).token
    with pytest.raises(errors.SignInRefusedError):
        await client.change_password(token, "wrong horse", "battery staple")
    with pytest.raises(errors.SignInRefusedError):
        await client.change_password(token, None, "battery staple")
    await client.change_password(token, "correct horse", "battery staple")
    with pytest.raises(SignInRequiredError):
        await client.resolve(other)
    assert (await client.resolve(token)).person_id == person_id
    with pytest.raises(errors.SignInRefusedError):
        await client.sign_in(person_id, "correct horse", "x")
    await client.sign_in(person_id, "battery staple", "x")


async def test_guessing_is_limited_and_the_owner_still_comes_in(house: House) -> None:
    client = house.client()
    person_id = house.ids.new()
    await client.enrol(person_id, password="correct horse")
    own = (await client.sign_in(person_id, "correct horse", "phone", name="lina", address="home")).device
    refused = limited = 0
    for guess in range(60):
        try:
            await client.sign_in(
                person_id, f"guess {guess:04}", "bot", name="lina", address=f"bot {guess % 9}"
            )
        except errors.SignInRefusedError:
            refused += 1
        except TooManyRequestsError as error:
            limited += bool(error.retry_after_seconds)
    assert refused <= 30
    assert limited >= 30
    with pytest.raises(TooManyRequestsError):
        await client.sign_in(person_id, "correct horse", "new phone", name="lina", address="cafe")
    await client.sign_in(person_id, "correct horse", "phone", name="lina", address="home", device=own)
    house.clock.advance(dt.timedelta(seconds=25))
    await client.sign_in(person_id, "correct horse", "new phone", name="lina", address="cafe")


async def test_guessing_a_name_that_nobody_has_is_limited_alike(house: House) -> None:
    client = house.client()
    person_id = house.ids.new()
    await client.enrol(person_id, password="correct horse")

    async def outcomes(who: object, name: str) -> list[str]:
        heard = []
        for _ in range(12):
            try:
                await client.sign_in(who, "wrong horse", "x", name=name, address="a")  # type: ignore[arg-type]
            except (errors.SignInRefusedError, TooManyRequestsError) as error:
                heard.append(type(error).__name__)
        return heard

    assert await outcomes(person_id, "lina") == await outcomes(None, "nobody")


async def test_another_persons_device_does_not_vouch(house: House) -> None:
    client = house.client()
    mallory = house.ids.new()
    await client.enrol(mallory, password="correct horse")
    device = (await client.sign_in(mallory, "correct horse", "x", name="mallory")).device
    victim = house.ids.new()
    await client.enrol(victim, password="correct horse")
    with pytest.raises(TooManyRequestsError):  # noqa: PT012 - it is the loop that is too much
        for _ in range(10):
            with pytest.raises(errors.SignInRefusedError):
                await client.sign_in(victim, "wrong horse", "x", name="victim", address="a", device=device)


async def test_blind_indexes_are_equal_for_equal_contacts_only(house: House) -> None:
    client = house.client()
    index = await client.blind_index("email", "Lina.Ok@Example.org ")
    assert index == await client.blind_index("email", "lina.ok@example.ORG")
    assert index != await client.blind_index("email", "lina.okk@example.org")
    phone = await client.blind_index("phone", "+49 (30) 1234-5678")
    assert phone == await client.blind_index("phone", "004930 12345678")
    with pytest.raises(errors.ContactUnsuitableError):
        await client.blind_index("phone", "030 12345678")
    with pytest.raises(TooManyRequestsError):  # noqa: PT012 - it is the loop that is too much
        for number in range(400):
            await client.blind_index("phone", f"+4930{number:07}")


async def test_clip_keys_go_to_those_who_see_the_clip_only(house: House) -> None:
    client = house.client()
    author, token = await house.person(client)
    friend, friends = await house.person(client)
    _, strangers = await house.person(client)
    clip_id = house.ids.new()
    fresh = await client.new_clip_key(token, clip_id)
    house.rows.keys[clip_id] = (author, fresh.wrapped)
    house.rows.seen_by = {author: {clip_id}, friend: {clip_id}}
    assert await client.clip_key(token, clip_id) == fresh.key
    assert await client.clip_key(friends, clip_id) == fresh.key
    with pytest.raises(NotFoundError):
        await client.clip_key(strangers, clip_id)
    with pytest.raises(SignInRequiredError):
        await client.clip_key("made up", clip_id)


async def test_a_wrapped_key_moved_to_another_clip_or_author_does_not_open(house: House) -> None:
    client = house.client()
    author, token = await house.person(client)
    thief, thiefs = await house.person(client)
    clip_id, own = house.ids.new(), house.ids.new()
    fresh = await client.new_clip_key(token, clip_id)
    house.rows.seen_by = {thief: {own}, author: {clip_id, own}}
    for claimed in (author, thief):
        house.rows.keys[own] = (claimed, fresh.wrapped)
        with pytest.raises(NotFoundError):
            await client.clip_key(thiefs, own)
    upload = await client.new_upload_key(token, clip_id)
    assert await client.upload_key(token, clip_id, upload.wrapped) == upload.key
    with pytest.raises(NotFoundError):
        await client.upload_key(token, clip_id, fresh.wrapped)
    with pytest.raises(NotFoundError):
        await client.upload_key(thiefs, clip_id, upload.wrapped)


async def test_a_job_ticket_opens_its_own_purpose_clip_and_time_only(house: House) -> None:
    web, worker = house.client(), house.client("worker")
    author, token = await house.person(web)
    clip_id, other = house.ids.new(), house.ids.new()
    fresh = await web.new_clip_key(token, clip_id)
    second = await web.new_clip_key(token, other)
    house.rows.keys = {clip_id: (author, fresh.wrapped), other: (author, second.wrapped)}
    house.rows.seen_by = {author: {clip_id, other}}
    ticket = await web.mint_job_ticket(token, "media_process", clip_id)
    upload_id = house.ids.new()
    upload = await web.new_upload_key(token, upload_id)
    keys = await worker.job_keys(ticket, "media_process", clip_id, upload=(upload_id, upload.wrapped))
    assert (keys.person_id, keys.clip_key, keys.upload_key) == (author, fresh.key, upload.key)
    assert keys.data_key is None
    assert verify_subject(house.rows.secrets[-1], keys.ticket, "media_process", house.clock.now()) == author
    for purpose, clip in (("clip_publish", clip_id), ("media_process", other), ("media_process", None)):
        with pytest.raises(errors.TicketRefusedError):
            await worker.job_keys(ticket, purpose, clip)
    with pytest.raises(NotFoundError):
        await worker.job_keys(ticket, "media_process", clip_id, upload=(clip_id, second.wrapped))
    for forged in (
        ticket.replace(clip_id.hex, other.hex),
        ticket[:-1] + ("0" if ticket[-1] != "0" else "1"),
        (await web.resolve(token)).ticket,
        "",
    ):
        with pytest.raises(errors.TicketRefusedError):
            await worker.job_keys(forged, "media_process", other)
    await web.revoke_all(token)
    assert (await worker.job_keys(ticket, "media_process", clip_id)).clip_key == fresh.key
    house.clock.advance(dt.timedelta(days=1, seconds=1))
    with pytest.raises(errors.TicketRefusedError):
        await worker.job_keys(ticket, "media_process", clip_id)


async def test_another_authors_clip_is_not_opened_by_a_job(house: House) -> None:
    web, worker = house.client(), house.client("worker")
    author, token = await house.person(web)
    other, others = await house.person(web)
    clip_id = house.ids.new()
    fresh = await web.new_clip_key(token, clip_id)
    house.rows.keys[clip_id] = (author, fresh.wrapped)
    house.rows.seen_by = {author: {clip_id}, other: {clip_id}}
    ticket = await web.mint_job_ticket(others, "media_process", clip_id)
    assert (await worker.job_keys(ticket, "media_process", clip_id)).clip_key is None


async def test_schedule_tickets_are_for_the_worker_and_declared_purposes(house: House) -> None:
    web, worker = house.client(), house.client("worker")
    author, token = await house.person(web)
    clip_id = house.ids.new()
    ticket = await worker.schedule_ticket("clip_publish", author, clip_id)
    assert (await worker.job_keys(ticket, "clip_publish", clip_id)).person_id == author
    for purpose in ("avatar_process", "session", "anything"):
        with pytest.raises(errors.TicketRefusedError):
            await worker.schedule_ticket(purpose, author, clip_id)
    with pytest.raises(errors.TicketRefusedError):
        await worker.schedule_ticket("clip_publish", house.ids.new(), clip_id)
    with pytest.raises(errors.CallerRefusedError):
        await web.schedule_ticket("clip_publish", author, clip_id)
    for refused in (worker.person_key(token), worker.resolve(token), worker.blind_index("email", "a@b.c")):
        with pytest.raises(errors.CallerRefusedError):
            await refused
    with pytest.raises(errors.TicketRefusedError):
        await web.mint_job_ticket(token, "undeclared")


async def test_a_data_key_goes_only_where_columns_are_declared(house: House) -> None:
    await house.stop()
    columns = ["person_details.email_sealed"]
    house.purposes = Purposes(
        {
            "mail": Purpose("Send you a letter.", columns=columns, schedule=True),
            "digest": Purpose(
                "Send a letter weekly.", columns=columns, schedule=True, schedule_opens_columns=True
            ),
            "count": Purpose("Count.", schedule=True),
        }
    )
    await house.start()
    web, worker = house.client(), house.client("worker")
    person_id, token = await house.person(web)
    key = await web.person_key(token)
    for purpose, expected in (("mail", key), ("digest", key), ("count", None)):
        ticket = await web.mint_job_ticket(token, purpose)
        assert (await worker.job_keys(ticket, purpose)).data_key == expected
    with pytest.raises(errors.TicketRefusedError):
        await worker.schedule_ticket("mail", person_id)
    by_schedule = await worker.schedule_ticket("digest", person_id)
    assert (await worker.job_keys(by_schedule, "digest")).data_key == key
    assert (await worker.job_keys(await worker.schedule_ticket("count", person_id), "count")).data_key is None


async def test_an_erased_person_is_gone_with_everything(house: House) -> None:
    client, worker = house.client(), house.client("worker")
    person_id, token = await house.person(client)
    ticket = await client.mint_job_ticket(token, "media_process", house.ids.new())
    await client.erase(token, password="correct horse")
    with pytest.raises(SignInRequiredError):
        await client.resolve(token)
    with pytest.raises(errors.SignInRefusedError):
        await client.sign_in(person_id, "correct horse", "x")
    with pytest.raises(errors.TicketRefusedError):
        await worker.job_keys(ticket, "media_process", None)


async def test_enrolments_that_never_arrived_are_swept(house: House) -> None:
    client = house.client()
    arrived, lost = house.ids.new(), house.ids.new()
    for person_id in (arrived, lost):
        await client.enrol(person_id, password="correct horse")
    house.rows.people = {arrived}
    house.clock.advance(dt.timedelta(hours=2))
    assert house.keeper is not None
    await house.keeper.every_hour()
    assert house.keeper.store.count_people() == 2
    house.clock.advance(dt.timedelta(days=1))
    await house.keeper.every_hour()
    assert house.keeper.store.find_person(lost) is None
    assert (await client.sign_in(arrived, "correct horse", "x")).session.person_id == arrived


async def test_the_subject_secret_is_renewed_and_old_tickets_live_out(house: House) -> None:
    client = house.client()
    _, token = await house.person(client)
    assert house.keeper is not None
    await house.keeper.every_minute()
    assert len(house.rows.secrets) == 1
    house.clock.advance(dt.timedelta(days=20))
    await client.resolve(token)
    house.clock.advance(dt.timedelta(days=11))
    await house.keeper.every_minute()
    assert len(house.rows.secrets) == 2
    client.forget_everything()
    session = await client.resolve(token)
    verify_subject(house.rows.secrets[1], session.ticket, "session", house.clock.now())
    await house.stop()
    await house.start()
    assert house.keeper.door.subject_secret == house.rows.secrets[1]
