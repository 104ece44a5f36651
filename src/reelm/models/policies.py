"""From declared audiences and grants to PostgreSQL's policies and privileges.

The statements are made anew by every migration and replace all that was there, so that what `models` says
is what the database enforces.
"""

from collections.abc import Iterator

from sqlalchemy import MetaData, Table

from reelm.models.declare import Audience
from reelm.settings import LOGIN_ROLES

OWNER = "reelm_owner"


def policy_statements(metadata: MetaData) -> Iterator[str]:
    """Yield the statements that make rows and columns reachable for exactly those who were declared."""
    roles = ", ".join(LOGIN_ROLES)
    for table in metadata.sorted_tables:
        yield f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY"
        yield f"REVOKE ALL ON {table.name} FROM PUBLIC, {roles}"
        yield (
            "DO $$ DECLARE old record; BEGIN FOR old IN SELECT policyname FROM pg_policies "
            f"WHERE schemaname = 'public' AND tablename = '{table.name}' LOOP "
            f"EXECUTE format('DROP POLICY %I ON {table.name}', old.policyname); END LOOP; END $$"
        )
        # The owner can't log in: this is for the narrow functions that run as it.
        yield f"CREATE POLICY declared_functions ON {table.name} TO {OWNER} USING (true) WITH CHECK (true)"
        for audience in table.info["audiences"]:
            yield _policy(table, audience)
        for role, privileges in table.info["grants"].items():
            yield f"GRANT {privileges} ON {table.name} TO {role}"


def _policy(table: Table, audience: Audience) -> str:
    using = f" USING ({audience.using})" if audience.using else ""
    check = f" WITH CHECK ({audience.check})" if audience.check else ""
    return f"CREATE POLICY {audience.name} ON {table.name} FOR {audience.command} TO {audience.role}{using}{check}"


# Which login role may call which function (everyone else: none).
FUNCTION_GRANTS = {
    "reelm.subject()": "reelm_web, reelm_worker, reelm_keys, reelm_catalog",
    "reelm.purpose()": "reelm_web, reelm_worker, reelm_keys, reelm_catalog",
    "reelm.blocked_by()": "reelm_web, reelm_worker, reelm_keys",
    "reelm.blocks_either_way()": "reelm_web, reelm_worker, reelm_keys",
    "reelm.close_to()": "reelm_web, reelm_worker, reelm_keys",
    "reelm.invite_of(bytea, timestamptz)": "reelm_web",
    "reelm.accept_invite(bytea, timestamptz)": "reelm_web",
    "reelm.forget_friendly(timestamptz, timestamptz)": "reelm_worker",
    "reelm.enqueue(text, bytea, interval, integer, text)": "reelm_web, reelm_worker",
    "reelm.announce_arrivals()": "reelm_border",
    "reelm.take_invitation(bytea, timestamptz)": "reelm_web",
    "reelm.put_words(text, text, text, text[], text)": "reelm_web, reelm_worker",
    "reelm.count_share(uuid)": "reelm_web",
    "reelm.weigh_words(timestamptz)": "reelm_worker",
    "reelm.withdraw_notices(uuid, text, uuid, uuid)": "reelm_web, reelm_worker",
    "reelm.take_over_device(bytea)": "reelm_web",
    "reelm.end_pushes_of(uuid[])": "reelm_web",
    "reelm.subject_is_young()": "reelm_web, reelm_worker",
    "reelm.push_of_conversation(uuid, text)": "reelm_web",
    "reelm.has_news_of(uuid)": "reelm_worker",
    "reelm.pushes_due(timestamptz)": "reelm_worker",
    "reelm.digests_due(timestamptz)": "reelm_worker",
    "reelm.forget_pushes(timestamptz)": "reelm_worker",
    "reelm.keep_event_days(date, date)": "reelm_worker",
    "reelm.forget_old(timestamptz, timestamptz)": "reelm_worker",
    "reelm.expire_uploads(timestamptz)": "reelm_worker",
    "reelm.existing_ids(uuid[])": "reelm_worker, reelm_keys",
    "reelm.due_clips(timestamptz)": "reelm_worker",
    "reelm.wrapped_clip_key(uuid)": "reelm_keys",
    "reelm.enrolled_staff(text[])": "reelm_keys",
    "reelm.granted_identity(uuid)": "reelm_keys",
    "reelm.granted_ties(uuid, integer, integer)": "reelm_keys",
    "reelm.granted_watched(uuid, integer, integer)": "reelm_keys",
    "reelm.granted_clips(uuid, integer, integer)": "reelm_keys",
    "reelm.granted_clip(uuid, uuid)": "reelm_keys",
    "reelm.tell_released(uuid, bytea)": "reelm_keys",
    "reelm.is_operator()": "reelm_web, reelm_worker, reelm_keys",
    "reelm.note_opening(uuid, jsonb)": "reelm_keys",
    "reelm.is_staff()": "reelm_web, reelm_worker, reelm_keys",
    "reelm.people_for_staff(text[], uuid[])": "reelm_web",
    "reelm.clip_author_in_grant(uuid, uuid)": "reelm_web",
    "reelm.tell_of_grant(uuid, text, uuid[], uuid[])": "reelm_web, reelm_worker",
    "reelm.grants_due(timestamptz)": "reelm_worker",
    "reelm.hold_due_grant(uuid, timestamptz)": "reelm_worker",
    "reelm.end_grant(uuid, timestamptz, uuid)": "reelm_worker",
    "reelm.unsettled_grants()": "reelm_worker",
    "reelm.settle_grant(uuid, bigint)": "reelm_worker",
    "reelm.forget_grants(timestamptz, timestamptz)": "reelm_worker",
    "reelm.reports_for_staff(uuid, integer)": "reelm_web",
    "reelm.staff_key_of(uuid)": "reelm_keys",
    "reelm.disclosed_report(uuid)": "reelm_keys",
    "reelm.note_disclosure(uuid, uuid, text, timestamptz)": "reelm_keys",
    "reelm.own_talks()": "reelm_worker",
    "reelm.own_tables()": "reelm_web, reelm_worker",
    "reelm.own_rows(text, text[], integer)": "reelm_web, reelm_worker",
    "reelm.expire_exports(timestamptz)": "reelm_worker",
    "reelm.erase_subject()": "reelm_worker",
    "reelm.erase_from_receipts()": "reelm_worker",
    "reelm.begin_learning()": "reelm_indexer",
    "reelm.learning_people()": "reelm_indexer",
    "reelm.learning_resets(timestamptz)": "reelm_indexer",
    "reelm.learning_events(timestamptz, timestamptz, integer)": "reelm_indexer",
    "reelm.learning_waits(timestamptz, timestamptz)": "reelm_indexer",
    "reelm.learning_begins()": "reelm_indexer",
    "reelm.learning_words(uuid[])": "reelm_indexer",
    "reelm.keep_receipts(uuid[], uuid[], timestamptz[], bytea[], text[], integer[], integer[], text[], text[])": (
        "reelm_web"
    ),
    "reelm.leaf_places(bytea[])": "reelm_web",
    "reelm.viewer_news(text, timestamptz, integer, boolean)": "reelm_web",
    "reelm.own_reposts(uuid[])": "reelm_web",
    "reelm.page_marks(text, uuid[])": "reelm_web",
    "reelm.forget_receipts(timestamptz)": "reelm_worker",
    "reelm.held_bytes()": "reelm_ledger",
    "reelm.retry_delivery(uuid)": "reelm_web",
    "reelm.take_in_person(uuid, text, uuid, text, text, text, boolean, text, text[], timestamptz)": "reelm_worker",
    "reelm.take_in_found(text, text, uuid, text, text, text, boolean, text, text[], timestamptz)": "reelm_worker",
    "reelm.place_avatar(uuid, text)": "reelm_worker",
    "reelm.take_in_clip(uuid, text, text, uuid, jsonb, jsonb, timestamptz, timestamptz)": "reelm_worker",
    "reelm.place_clip(uuid, jsonb, text, jsonb)": "reelm_worker",
    "reelm.take_in_comment(uuid, text, text, uuid, uuid, uuid, text, timestamptz)": "reelm_worker",
    "reelm.take_in_mark(uuid, text, text, uuid, boolean)": "reelm_worker",
    "reelm.take_in_follow(uuid, text, uuid, boolean)": "reelm_worker",
    "reelm.answer_follow(uuid, text, uuid, boolean)": "reelm_worker",
    "reelm.withdraw_thing(uuid, text, text, timestamptz)": "reelm_worker",
    "reelm.take_in_views(uuid, uuid, bigint)": "reelm_worker",
    "reelm.authors_for(uuid, uuid, uuid)": "reelm_worker",
    "reelm.tell_from_abroad(uuid, text, text, uuid[], uuid[], uuid, uuid)": "reelm_worker",
    "reelm.my_conversations()": "reelm_web, reelm_worker, reelm_keys",
    "reelm.first_seqs()": "reelm_web, reelm_worker, reelm_keys",
    "reelm.devices_of(uuid)": "reelm_web",
    "reelm.claim_key_packages(uuid[])": "reelm_web",
    "reelm.begin_conversation(uuid, text, uuid[], uuid, bytea, bytea, bytea, uuid[])": "reelm_web",
    "reelm.send_message(uuid, uuid, uuid, bigint, bytea, bytea)": "reelm_web",
    "reelm.reached_by_message(uuid)": "reelm_web",
    "reelm.commit_conversation(uuid, uuid, uuid, bigint, bytea, bytea, bytea, uuid[], uuid[], uuid[], boolean)": (
        "reelm_web"
    ),
    "reelm.unsend_message(uuid, bigint)": "reelm_web",
    "reelm.accept_conversation(uuid)": "reelm_web",
    "reelm.leave_conversation(uuid)": "reelm_web",
    "reelm.mark_read(uuid, bigint)": "reelm_web",
    "reelm.tell_typing(uuid)": "reelm_web",
    "reelm.read_places(uuid[])": "reelm_web",
    "reelm.forget_messages(timestamptz)": "reelm_worker",
    "reelm.peers_following()": "reelm_web, reelm_worker",
    "reelm.peers_with(uuid)": "reelm_web, reelm_worker",
    "reelm.take_back(uuid, text, text)": "reelm_web, reelm_worker",
    "reelm.standing_acts(text)": "reelm_web",
    "reelm.leave_peers()": "reelm_worker",
    "reelm.watched_from_abroad()": "reelm_worker",
    "reelm.note_views_told(uuid, bigint)": "reelm_worker",
    "reelm.spend_evaluations(integer)": "reelm_keys",
    "reelm.contact_set(bytea, integer)": "reelm_web",
}


def function_statements() -> Iterator[str]:
    """Yield the statements that let each function be called by the roles that need it."""
    yield "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA reelm FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA reelm TO {', '.join(LOGIN_ROLES)}"
    for function, roles in FUNCTION_GRANTS.items():
        yield f"GRANT EXECUTE ON FUNCTION {function} TO {roles}"
