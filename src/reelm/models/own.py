"""Where a person's own rows are, table by table, and how they end; from it the database's functions are made.

Every table is decided here: it holds rows of people (`OWN`), or it doesn't, for a stated reason (`NOBODYS`).
`tests/unit/rights/test_own.py` refuses a table that is in neither. From `OWN` each migration makes anew:

    reelm.own_tables()                       each table, what it is for, and how many rows are the subject's
    reelm.own_rows(table, after, at_most)    the subject's rows of one table, in the order of that key

They are needed beside row-level security because what is about a person is more than what the app shows them: their
comment under a clip that was hidden since, a notice about it, the words by which they are found. They answer the
subject alone, in a session or in the job of an export.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import MetaData, Table
from sqlalchemy.dialects.postgresql import BYTEA

from reelm.models.declare import DataClass

MINE = "t.person_id = me"
MY_CLIP = "t.clip_id IN (SELECT id FROM clips WHERE author_id = me)"
GOES_WITH_PERSON = "with the person's row (foreign key)"
GOES_WITH_CLIP = "with the clip (foreign key)"
# From the most to the least guarded: a table counts under the first of these that one of its columns has.
ORDER = (
    DataClass.IDENTITY,
    DataClass.PRIVATE,
    DataClass.SOCIAL,
    DataClass.TELEMETRY,
    DataClass.DERIVED,
    DataClass.PUBLIC,
    DataClass.OPERATIONAL,
)


@dataclass(frozen=True)
class Own:
    """A person's rows of a table: which they are, in which order they are paged, and how erasure ends them.

    `kept_sealed`: sealed columns that the realm has no key for, since people's devices sealed them; they are handed
    out as they are.
    """

    condition: str = MINE
    key: tuple[str, ...] = ()
    ends: str = GOES_WITH_PERSON
    kept_sealed: tuple[str, ...] = ()


OWN: dict[str, Own] = {
    "people": Own("t.id = me", ("id",), "deleted by reelm.erase_subject"),
    "person_details": Own(key=("person_id",)),
    "blocks": Own(key=("blocked_id",)),
    "follows": Own("t.follower_id = me OR t.followee_id = me", ("follower_id", "followee_id")),
    # Who is on somebody's list of close friends isn't told so: the list is its owner's.
    "close_friends": Own(key=("friend_id",)),
    "friend_invites": Own(key=("id",)),
    "social_settings": Own(key=("person_id",)),
    "friend_acts": Own(key=("id",)),
    "collections": Own(key=("id",)),
    "collected_clips": Own(key=("collection_id", "clip_id")),
    "notices": Own(key=("id",)),
    "notice_settings": Own(key=("person_id",)),
    "push_subscriptions": Own(key=("id",)),
    "pushes": Own(key=("subscription_id", "kind", "about")),
    "answers": Own(key=("key",)),
    "uploads": Own(key=("id",)),
    "upload_parts": Own(key=("upload_id", "number")),
    "clips": Own("t.author_id = me", ("id",)),
    "clip_keys": Own("t.author_id = me", ("clip_id",)),
    "clip_counters": Own(MY_CLIP, ("clip_id",), GOES_WITH_CLIP),
    "clip_tags": Own(MY_CLIP, ("clip_id", "tag"), GOES_WITH_CLIP),
    "sounds": Own("t.author_id = me", ("id",)),
    "likes": Own(key=("clip_id",)),
    "reposts": Own(key=("clip_id",)),
    "comments": Own(
        "t.author_id = me", ("id",), "deleted by reelm.erase_subject; what others answered stays"
    ),
    "comment_likes": Own(key=("comment_id",)),
    "watch_events": Own(key=("at", "id")),
    "receipts": Own(key=("id",)),
    "clip_reach": Own(MY_CLIP, ("clip_id", "day", "source"), GOES_WITH_CLIP),
    "feed_settings": Own(key=("person_id",)),
    "feed_wishes": Own(key=("key",)),
    "search_words": Own(
        "(t.kind = 'person' AND t.reference = me::text) "
        "OR (t.kind = 'clip' AND t.reference IN (SELECT id::text FROM clips WHERE author_id = me)) "
        "OR (t.kind = 'sound' AND t.reference IN (SELECT id::text FROM sounds WHERE author_id = me))",
        ("kind", "reference"),
        "by the triggers of people, clips and sounds",
    ),
    "staff": Own(key=("key_id",)),
    # What a member of staff asked and decided. Whom it was about finds it in `grant_people`.
    "grants": Own(
        "t.asked_by = me OR t.decided_by = me", ("id",), "stays without the person (foreign key); words go"
    ),
    "grant_people": Own(key=("grant_id",)),
    "grant_decisions": Own(key=("grant_id",)),
    "grant_uses": Own(key=("id",)),
    "crossings": Own(key=("id",), ends="stays without the person (foreign key); what was sent goes"),
    "views_abroad": Own(MY_CLIP, ("clip_id", "peer"), GOES_WITH_CLIP),
    "consents": Own(key=("peer",)),
    "contact_entries": Own(key=("kind", "place")),
    "contact_standings": Own(key=("person_id",)),
    "message_reports": Own(key=("id",)),
    "message_report_openings": Own(
        "t.report_id IN (SELECT id FROM message_reports WHERE person_id = me)",
        ("id",),
        "with the report (foreign key)",
    ),
    "message_identities": Own(key=("person_id",)),
    "devices": Own(key=("id",), kept_sealed=("label_sealed",)),
    "key_packages": Own(key=("device_id", "digest")),
    "conversations": Own(
        "t.id IN (SELECT conversation_id FROM conversation_members WHERE person_id = me)",
        ("id",),
        "when the last one has left it; it stays without the person",
    ),
    "conversation_members": Own(key=("conversation_id",)),
    # What a person sent, and what was sent to them. What others received of a person stays with them; nothing in it
    # says from whom it came.
    "messages": Own(
        "t.conversation_id IN (SELECT m.conversation_id FROM conversation_members m WHERE m.person_id = me) "
        "AND (t.sender_id = me OR EXISTS (SELECT 1 FROM conversation_members m WHERE m.person_id = me "
        "AND m.conversation_id = t.conversation_id AND m.state <> 'left' AND t.seq >= m.first_seq))",
        ("conversation_id", "seq"),
        "stays without the person (foreign key) for 30 days",
        ("body_sealed",),
    ),
    "welcomes": Own(key=("device_id", "conversation_id"), kept_sealed=("welcome_sealed",)),
    "message_histories": Own(key=("conversation_id", "seq"), kept_sealed=("body_sealed",)),
    "message_settings": Own(key=("person_id",)),
    "exports": Own(key=("id",)),
    "imports": Own(key=("id",)),
    "import_items": Own(key=("import_id", "kind", "source")),
    "erasures": Own(key=("person_id",), ends="deleted by the job once nothing else is left"),
}

NOBODYS: dict[str, str] = {
    "peers": "other realms, with what their public charters say",
    "crossing_batches": "deliveries between realms, as both public ledgers have them",
    "arrivals": "what other realms sent of their people, until it is taken in",
    "border_counts": "how much crossed, of all people together",
    "border_hours": "the same by hour, until the ledger has been told",
    "border_refusals": "what was not let through, by the names of its fields, never their values",
    "foreign_things": "public addresses of what belongs to other realms",
    "invitations": "a link that names nobody, and is not tied to who used it",
    "search_terms": "how often a word occurs in all public things together",
    "ledger_entries": "the public ledger: no personal data, and references that only an opening can match",
    "ledger_counts": "how many entries there were of a kind",
    "ledger_head": "how long the ledger is",
    "ledger_witnesses": "outside parties who cosign, not people of the realm",
    "receipt_leaves": "fingerprints of pages, which only who was shown the page can match",
    "receipt_batches": "roots of such fingerprints, as the public ledger has them",
    "promise_keys": "keys of the realm's processes",
    "adjustments": "public decisions about clips; who decided is named by a staff key, as in the ledger",
    "adjustment_maps": "fingerprints of those decisions, as the public ledger has them",
    "ranking_models": "models learned from many people together, published with what they were learned from",
    "ranking_changes": "which of them was in force when, as the public ledger has it",
}


def class_of(table: Table) -> DataClass:
    """Return the most guarded data class among a table's columns."""
    held = {column.info["class"] for column in table.columns}
    return next(each for each in ORDER if each in held)


def own_statements(metadata: MetaData) -> Iterator[str]:
    """Yield the statements that make the two functions for the tables there are."""
    tables = [metadata.tables[name] for name in OWN if name in metadata.tables]
    yield _own_tables(tables)
    yield _own_rows(tables)


_HEAD = (
    "LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$\n"
    "DECLARE me uuid := reelm.subject();\nBEGIN\n"
    "  IF me IS NULL OR reelm.purpose() NOT IN ('session', 'rights_export') THEN RETURN; END IF;\n"
)


def _own_tables(tables: list[Table]) -> str:
    lines = [
        f"  RETURN QUERY SELECT {_text(table.name)}::text, {_text(_about(table))}::jsonb, "
        f"(SELECT count(*) FROM {table.name} t WHERE {OWN[table.name].condition});"
        for table in tables
    ]
    return (
        "CREATE OR REPLACE FUNCTION reelm.own_tables() RETURNS TABLE (name text, about jsonb, rows bigint)\n"
        + _HEAD
        + "\n".join(lines)
        + "\nEND $$"
    )


def _own_rows(tables: list[Table]) -> str:
    lines = []
    for table in tables:
        own = OWN[table.name]
        names = ", ".join(f"t.{name}" for name in own.key)
        last = ", ".join(
            f"after[{number}]::{table.columns[name].type.compile()}" for number, name in enumerate(own.key, 1)
        )
        lines.append(
            f"    WHEN {_text(table.name)} THEN RETURN QUERY SELECT to_jsonb(t) FROM {table.name} t "
            f"WHERE ({own.condition}) AND (after IS NULL OR ({names}) > ({last})) "
            f"ORDER BY {names} LIMIT least(at_most, 1000);"
        )
    return (
        "CREATE OR REPLACE FUNCTION reelm.own_rows(of_table text, after text[], at_most integer) "
        "RETURNS SETOF jsonb\n"
        + _HEAD
        + "  CASE of_table\n"
        + "\n".join(lines)
        + "\n    ELSE RETURN;\n  END CASE;\nEND $$"
    )


def _about(table: Table) -> str:
    kept = OWN[table.name].kept_sealed
    opened = [c.name for c in table.columns if c.name.endswith("_sealed") and c.name not in kept]
    return json.dumps(
        {
            "class": str(class_of(table)),
            "purpose": table.info["purpose"],
            "retention": table.info["retention"],
            "key": list(OWN[table.name].key),
            "sealed": opened,
            "bytes": [
                column.name
                for column in table.columns
                if isinstance(column.type, BYTEA) and column.name not in opened
            ],
        },
        sort_keys=True,
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
