"""A psql shell in a login role writes as nobody else, and no function does it for it."""

from typing import Any

import asyncpg
import pytest
from tests.conftest import RunningRealm
from tests.security.conftest import Scene, all_of, tell

from reelm.models.policies import FUNCTION_GRANTS


async def test_nobody_writes_as_somebody_else(realm: RunningRealm, admin: Any, scene: Scene) -> None:
    web = await asyncpg.connect(**realm.settings.database.connection("reelm_web"))
    alice, bob, mallory = scene.alice.id, scene.bob.id, scene.mallory.id
    before = await all_of(admin, scene)
    attempts = [
        f"UPDATE people SET bio = 'x' WHERE id = '{alice}'",
        f"DELETE FROM people WHERE id = '{alice}'",
        f"UPDATE person_details SET email_sealed = NULL WHERE person_id = '{alice}'",
        f"UPDATE person_details SET role = 'operator' WHERE person_id = '{mallory}'",
        f"UPDATE person_details SET person_id = '{alice}'",
        (
            f"INSERT INTO person_details (person_id, birth_date_sealed, country_sealed, age_band, jurisdiction, language) "
            f"VALUES ('{alice}', '', '', 'adult', '', '') ON CONFLICT (person_id) DO UPDATE SET language = 'xx' "
            "RETURNING email_sealed"
        ),
        f"INSERT INTO likes (person_id, clip_id) VALUES ('{alice}', '{scene.shown}') ON CONFLICT DO NOTHING",
        f"INSERT INTO likes (person_id, clip_id) VALUES ('{mallory}', '{scene.hidden}')",
        f"INSERT INTO reposts (person_id, clip_id) VALUES ('{mallory}', '{scene.hidden}')",
        f"INSERT INTO follows (follower_id, followee_id, state) VALUES ('{alice}', '{mallory}', 'accepted')",
        f"INSERT INTO blocks (person_id, blocked_id) VALUES ('{alice}', '{bob}')",
        f"INSERT INTO notices (person_id, id, kind, actor_id) VALUES ('{bob}', gen_random_uuid(), 'like', '{alice}')",
        f"INSERT INTO comments (id, clip_id, author_id, text) VALUES (gen_random_uuid(), '{scene.shown}', '{alice}', 'x')",
        f"INSERT INTO comments (id, clip_id, author_id, text) VALUES (gen_random_uuid(), '{scene.hidden}', '{mallory}', 'x')",
        f"UPDATE comments SET pinned_at = now() WHERE id = '{scene.comment}'",
        f"DELETE FROM comments WHERE id = '{scene.comment}'",
        f"UPDATE clips SET audience = 'everyone' WHERE id = '{scene.hidden}'",
        f"UPDATE clips SET author_id = '{mallory}'",
        f"INSERT INTO clips SELECT * FROM clips WHERE id = '{scene.hidden}'",
        f"UPDATE clip_counters SET views = 0 WHERE clip_id = '{scene.shown}'",
        f"DELETE FROM clips WHERE id = '{scene.hidden}'",
        f"UPDATE reelm.followers SET state = 'accepted' WHERE followee_id = '{alice}'",
        f"DELETE FROM reelm.followers WHERE followee_id = '{alice}'",
        f"INSERT INTO reelm.followers (follower_id, followee_id, state) VALUES ('{alice}', '{mallory}', 'accepted')",
        (
            f"MERGE INTO follows f USING (SELECT '{alice}'::uuid AS a) s ON f.follower_id = s.a "
            "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING"
        ),
        f"INSERT INTO clip_keys (clip_id, author_id, wrapped_key) VALUES ('{scene.hidden}', '{alice}', '')",
        (
            f"INSERT INTO uploads (person_id, id, size_bytes, wrapped_key, expires_at) "
            f"VALUES ('{alice}', gen_random_uuid(), 1, '', now())"
        ),
        (
            f"INSERT INTO watch_events (person_id, at, id, clip_id, kind) VALUES ('{alice}', now(), gen_random_uuid(), "
            f"'{scene.shown}', 'finish')"
        ),
        "INSERT INTO search_words (kind, reference, key) VALUES ('clip', 'x', 'x')",
        "UPDATE search_terms SET uses = 0",
    ]
    ticket = scene.tickets[mallory]
    for statement in attempts:
        transaction = web.transaction()
        await transaction.start()
        await web.execute("SELECT set_config('reelm.ticket', $1, true)", ticket)
        try:
            rows = await web.fetch(statement)
            assert not rows, statement
        except asyncpg.PostgresError as refused:
            if refused.sqlstate not in {"42501", "23505", "44000", "23503"}:
                raise
            await transaction.rollback()
        else:
            await transaction.commit()
    await web.close()
    assert await all_of(admin, scene) == before


# How each function that runs with the owner's rights is called with ids of others; all of them must be here.
CALLS: dict[str, str] = {
    "reelm.subject()": "SELECT reelm.subject()",
    "reelm.purpose()": "SELECT reelm.purpose()",
    "reelm.blocked_by()": "SELECT unnest(reelm.blocked_by())",
    "reelm.blocks_either_way()": "SELECT unnest(reelm.blocks_either_way())",
    "reelm.close_to()": "SELECT unnest(reelm.close_to())",
    "reelm.invite_of(bytea, timestamptz)": "SELECT reelm.invite_of('\\x00', '-infinity')",
    "reelm.accept_invite(bytea, timestamptz)": "SELECT reelm.accept_invite('\\x00', '-infinity')",
    "reelm.forget_friendly(timestamptz, timestamptz)": "SELECT reelm.forget_friendly('-infinity', '-infinity')",
    "reelm.enqueue(text, bytea, interval, integer, text)": "SELECT reelm.enqueue('none.such', '\\x00', '1 day', 0, NULL)",
    "reelm.take_invitation(bytea, timestamptz)": "SELECT reelm.take_invitation('\\x00', '-infinity')",
    "reelm.put_words(text, text, text, text[], text)": "SELECT reelm.put_words('person', '{alice}', 'mallory', '{{}}', '')",
    "reelm.count_share(uuid)": "SELECT reelm.count_share('{hidden}')",
    "reelm.weigh_words(timestamptz)": "SELECT reelm.weigh_words('infinity')",
    "reelm.withdraw_notices(uuid, text, uuid, uuid)": "SELECT reelm.withdraw_notices('{alice}', NULL, NULL, NULL)",
    "reelm.take_over_device(bytea)": "SELECT reelm.take_over_device('\\x00')",
    "reelm.end_pushes_of(uuid[])": "SELECT reelm.end_pushes_of('{{}}')",
    "reelm.subject_is_young()": "SELECT reelm.subject_is_young()",
    "reelm.push_of_conversation(uuid, text)": "SELECT reelm.push_of_conversation('{hidden}', 'message')",
    "reelm.has_news_of(uuid)": "SELECT reelm.has_news_of('{hidden}')",
    "reelm.pushes_due(timestamptz)": "SELECT reelm.pushes_due('-infinity')",
    "reelm.digests_due(timestamptz)": "SELECT reelm.digests_due('-infinity')",
    "reelm.forget_pushes(timestamptz)": "SELECT reelm.forget_pushes('-infinity')",
    "reelm.keep_event_days(date, date)": "SELECT reelm.keep_event_days('2026-11-16', '2026-11-22')",
    "reelm.forget_old(timestamptz, timestamptz)": "SELECT reelm.forget_old('-infinity', '-infinity')",
    "reelm.expire_uploads(timestamptz)": "SELECT reelm.expire_uploads('-infinity')",
    "reelm.existing_ids(uuid[])": "SELECT reelm.existing_ids('{{}}')",
    "reelm.due_clips(timestamptz)": "SELECT reelm.due_clips('-infinity')",
    "reelm.wrapped_clip_key(uuid)": "SELECT reelm.wrapped_clip_key('{hidden}')",
    "reelm.enrolled_staff(text[])": "SELECT reelm.enrolled_staff('{{}}')",
    "reelm.granted_identity(uuid)": "SELECT reelm.granted_identity('{alice}')",
    "reelm.granted_ties(uuid, integer, integer)": "SELECT reelm.granted_ties('{alice}', 0, 100)",
    "reelm.granted_watched(uuid, integer, integer)": "SELECT reelm.granted_watched('{alice}', 0, 100)",
    "reelm.granted_clips(uuid, integer, integer)": "SELECT reelm.granted_clips('{alice}', 0, 100)",
    "reelm.granted_clip(uuid, uuid)": "SELECT reelm.granted_clip('{alice}', '{hidden}')",
    "reelm.reports_for_staff(uuid, integer)": "SELECT reelm.reports_for_staff(NULL, 50)",
    "reelm.staff_key_of(uuid)": "SELECT reelm.staff_key_of('{alice}')",
    "reelm.disclosed_report(uuid)": "SELECT reelm.disclosed_report('{hidden}')",
    "reelm.note_disclosure(uuid, uuid, text, timestamptz)": (
        "SELECT reelm.note_disclosure(gen_random_uuid(), '{hidden}', 'x', now())"
    ),
    "reelm.note_opening(uuid, jsonb)": "SELECT reelm.note_opening('{alice}', '{{}}')",
    "reelm.is_operator()": "SELECT reelm.is_operator()",
    "reelm.is_staff()": "SELECT reelm.is_staff()",
    "reelm.people_for_staff(text[], uuid[])": "SELECT reelm.people_for_staff('{{}}', ARRAY['{alice}'::uuid])",
    "reelm.clip_author_in_grant(uuid, uuid)": "SELECT reelm.clip_author_in_grant('{hidden}', '{hidden}')",
    "reelm.tell_of_grant(uuid, text, uuid[], uuid[])": "SELECT reelm.tell_of_grant('{hidden}', 'opened', "
    "ARRAY['{alice}'::uuid], ARRAY['{hidden}'::uuid])",
    "reelm.grants_due(timestamptz)": "SELECT reelm.grants_due('infinity')",
    "reelm.tell_released(uuid, bytea)": "SELECT reelm.tell_released('{hidden}', '{{}}')",
    "reelm.hold_due_grant(uuid, timestamptz)": "SELECT reelm.hold_due_grant('{hidden}', 'infinity')",
    "reelm.end_grant(uuid, timestamptz, uuid)": "SELECT reelm.end_grant('{hidden}', 'infinity', '{hidden}')",
    "reelm.unsettled_grants()": "SELECT reelm.unsettled_grants()",
    "reelm.settle_grant(uuid, bigint)": "SELECT reelm.settle_grant('{hidden}', 0)",
    "reelm.forget_grants(timestamptz, timestamptz)": "SELECT reelm.forget_grants('infinity', 'infinity')",
    "reelm.own_talks()": "SELECT reelm.own_talks()",
    "reelm.own_tables()": "SELECT reelm.own_tables()",
    "reelm.own_rows(text, text[], integer)": "SELECT reelm.own_rows('person_details', '{{}}', 10)",
    "reelm.expire_exports(timestamptz)": "SELECT reelm.expire_exports('-infinity')",
    "reelm.erase_subject()": "SELECT reelm.erase_subject()",
    "reelm.erase_from_receipts()": "SELECT reelm.erase_from_receipts()",
    "reelm.keep_receipts(uuid[], uuid[], timestamptz[], bytea[], text[], integer[], integer[], text[], text[])": (
        "SELECT reelm.keep_receipts('{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}')"
    ),
    "reelm.viewer_news(text, timestamptz, integer, boolean)": (
        "SELECT * FROM reelm.viewer_news(current_setting('reelm.ticket', true), '-infinity', 10, true)"
    ),
    "reelm.own_reposts(uuid[])": "SELECT reelm.own_reposts(ARRAY['{hidden}'::uuid])",
    "reelm.page_marks(text, uuid[])": (
        "SELECT * FROM reelm.page_marks(current_setting('reelm.ticket', true), ARRAY['{hidden}'::uuid])"
    ),
    "reelm.leaf_places(bytea[])": "SELECT reelm.leaf_places(ARRAY['\\x00'::bytea])",
    "reelm.held_bytes()": "SELECT reelm.held_bytes()",
    "reelm.forget_receipts(timestamptz)": "SELECT reelm.forget_receipts('-infinity')",
    "reelm.retry_delivery(uuid)": "SELECT reelm.retry_delivery('{hidden}')",
    "reelm.begin_learning()": "SELECT reelm.begin_learning()",
    "reelm.learning_people()": "SELECT * FROM reelm.learning_people()",
    "reelm.learning_resets(timestamptz)": "SELECT * FROM reelm.learning_resets('-infinity')",
    "reelm.learning_events(timestamptz, timestamptz, integer)": (
        "SELECT * FROM reelm.learning_events('2026-01-01', 'infinity', 50000)"
    ),
    "reelm.learning_waits(timestamptz, timestamptz)": "SELECT reelm.learning_waits('2026-01-01', 'infinity')",
    "reelm.learning_begins()": "SELECT reelm.learning_begins()",
    "reelm.learning_words(uuid[])": "SELECT * FROM reelm.learning_words(ARRAY['{hidden}'::uuid])",
    "reelm.take_in_person(uuid, text, uuid, text, text, text, boolean, text, text[], timestamptz)": (
        "SELECT reelm.take_in_person('{hidden}', 'x', '{alice}', 'alice', '', '', false, '', '{{}}', now())"
    ),
    "reelm.take_in_found(text, text, uuid, text, text, text, boolean, text, text[], timestamptz)": (
        "SELECT reelm.take_in_found('home', 'x', '{alice}', 'alice', '', '', false, '', '{{}}', now())"
    ),
    "reelm.place_avatar(uuid, text)": "SELECT reelm.place_avatar('{alice}', 'x.webp')",
    "reelm.take_in_clip(uuid, text, text, uuid, jsonb, jsonb, timestamptz, timestamptz)": (
        "SELECT reelm.take_in_clip('{hidden}', 'x', 'x', '{hidden}', '{{}}', '{{}}', now(), now())"
    ),
    "reelm.place_clip(uuid, jsonb, text, jsonb)": "SELECT reelm.place_clip('{hidden}', '{{}}', 'x', '{{}}')",
    "reelm.take_in_comment(uuid, text, text, uuid, uuid, uuid, text, timestamptz)": (
        "SELECT reelm.take_in_comment('{hidden}', 'x', 'x', '{alice}', '{hidden}', NULL, 'x', now())"
    ),
    "reelm.take_in_mark(uuid, text, text, uuid, boolean)": (
        "SELECT reelm.take_in_mark('{hidden}', 'x', 'like', '{hidden}', true)"
    ),
    "reelm.take_in_follow(uuid, text, uuid, boolean)": (
        "SELECT reelm.take_in_follow('{hidden}', 'x', '{alice}', true)"
    ),
    "reelm.answer_follow(uuid, text, uuid, boolean)": (
        "SELECT reelm.answer_follow('{hidden}', 'x', '{alice}', false)"
    ),
    "reelm.withdraw_thing(uuid, text, text, timestamptz)": (
        "SELECT reelm.withdraw_thing('{hidden}', 'x', 'x', now())"
    ),
    "reelm.take_in_views(uuid, uuid, bigint)": "SELECT reelm.take_in_views('{hidden}', '{hidden}', 1000)",
    "reelm.authors_for(uuid, uuid, uuid)": "SELECT reelm.authors_for('{hidden}', '{hidden}', NULL)",
    "reelm.tell_from_abroad(uuid, text, text, uuid[], uuid[], uuid, uuid)": (
        "SELECT reelm.tell_from_abroad('{hidden}', 'x', 'like', ARRAY['{alice}'::uuid], ARRAY['{hidden}'::uuid], NULL, "
        "NULL)"
    ),
    "reelm.my_conversations()": "SELECT unnest(reelm.my_conversations())",
    "reelm.first_seqs()": "SELECT reelm.first_seqs()",
    "reelm.devices_of(uuid)": "SELECT * FROM reelm.devices_of('{hidden}')",
    "reelm.claim_key_packages(uuid[])": "SELECT * FROM reelm.claim_key_packages(ARRAY['{hidden}'::uuid])",
    "reelm.begin_conversation(uuid, text, uuid[], uuid, bytea, bytea, bytea, uuid[])": (
        "SELECT * FROM reelm.begin_conversation('{hidden}', 'pair', ARRAY['{alice}'::uuid], '{hidden}', '\\x00', '\\x00', "
        "'\\x00', ARRAY['{hidden}'::uuid])"
    ),
    "reelm.send_message(uuid, uuid, uuid, bigint, bytea, bytea)": (
        "SELECT * FROM reelm.send_message('{hidden}', '{hidden}', '{hidden}', 0, '\\x00', '\\x00')"
    ),
    "reelm.reached_by_message(uuid)": "SELECT * FROM reelm.reached_by_message('{hidden}')",
    "reelm.commit_conversation(uuid, uuid, uuid, bigint, bytea, bytea, bytea, uuid[], uuid[], uuid[], boolean)": (
        "SELECT * FROM reelm.commit_conversation('{hidden}', '{hidden}', '{hidden}', 0, '\\x00', '\\x00', NULL, '{{}}', "
        "'{{}}', ARRAY['{alice}'::uuid], false)"
    ),
    "reelm.unsend_message(uuid, bigint)": "SELECT reelm.unsend_message('{hidden}', 1)",
    "reelm.accept_conversation(uuid)": "SELECT reelm.accept_conversation('{hidden}')",
    "reelm.leave_conversation(uuid)": "SELECT reelm.leave_conversation('{hidden}')",
    "reelm.mark_read(uuid, bigint)": "SELECT reelm.mark_read('{hidden}', 1)",
    "reelm.tell_typing(uuid)": "SELECT reelm.tell_typing('{hidden}')",
    "reelm.read_places(uuid[])": "SELECT * FROM reelm.read_places(ARRAY['{hidden}'::uuid])",
    "reelm.forget_messages(timestamptz)": "SELECT reelm.forget_messages('-infinity')",
    "reelm.peers_following()": "SELECT reelm.peers_following()",
    "reelm.peers_with(uuid)": "SELECT reelm.peers_with('{hidden}')",
    "reelm.take_back(uuid, text, text)": "SELECT reelm.take_back('{hidden}', 'home', 'Create')",
    "reelm.standing_acts(text)": "SELECT * FROM reelm.standing_acts('home')",
    "reelm.leave_peers()": "SELECT reelm.leave_peers()",
    "reelm.watched_from_abroad()": "SELECT * FROM reelm.watched_from_abroad()",
    "reelm.announce_arrivals()": "SELECT reelm.announce_arrivals()",
    "reelm.note_views_told(uuid, bigint)": "SELECT reelm.note_views_told('{hidden}', 20)",
    "reelm.spend_evaluations(integer)": "SELECT * FROM reelm.spend_evaluations(1)",
    "reelm.contact_set(bytea, integer)": "SELECT reelm.contact_set(NULL, 20000)",
}


def test_every_function_is_tried() -> None:
    assert set(CALLS) == set(FUNCTION_GRANTS)


@pytest.mark.parametrize("function", CALLS)
async def test_no_function_tells_of_others(shell: Any, admin: Any, scene: Scene, function: str) -> None:
    before = await all_of(admin, scene)
    call = CALLS[function].format(alice=scene.alice.id, hidden=scene.hidden)
    for ticket in ("", scene.tickets[scene.mallory.id]):
        said = await tell(shell, f"SELECT set_config('reelm.ticket', '{ticket}', true)", ask=call)
        assert not [row for row in said if any(victim in row for victim in scene.victims)]
    assert await all_of(admin, scene) == before
