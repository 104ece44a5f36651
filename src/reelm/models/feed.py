"""Tables of the room `feed`: what a person tells their feed."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import BYTEA, UUID
from sqlalchemy.types import BigInteger, Boolean, SmallInteger, Text

from reelm.models.declare import DataClass, column, declare, owner
from reelm.models.people import NOW, WHEN, person_id

WISH_KINDS = ("tag", "sound", "creator")

feed_settings = declare(
    "feed_settings",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    # Moves with every change of what the person tells their feed, so that a page knows whether it has read it.
    column("version", BigInteger(), DataClass.OPERATIONAL, server_default="0"),
    column("profiling", Boolean(), DataClass.OPERATIONAL, server_default=text("true")),
    column("learning", Boolean(), DataClass.OPERATIONAL, server_default=text("true")),
    # The present pause, or the last one: what was watched in it is not learned from, however late it arrives.
    column("paused_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("resumed_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("reset_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("words_sealed", BYTEA(), DataClass.PRIVATE, nullable=True),
    purpose="Whether a person's feed may learn from what they watch, since when, and which words they keep out.",
    retention="Until the person changes it.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, version, profiling, learning, paused_at, resumed_at, reset_at, "
        "words_sealed), UPDATE (version, profiling, learning, paused_at, resumed_at, reset_at, words_sealed)"
    },
)

feed_wishes = declare(
    "feed_wishes",
    person_id("person_id", DataClass.TELEMETRY, primary_key=True),
    column("key", BigInteger(), DataClass.TELEMETRY, primary_key=True, autoincrement=False),
    column("kind", Text(), DataClass.TELEMETRY),
    column("tag", Text(), DataClass.TELEMETRY, nullable=True),
    column("sound_id", UUID(), DataClass.TELEMETRY, nullable=True),
    person_id("creator_id", DataClass.TELEMETRY, nullable=True),
    column("wish", SmallInteger(), DataClass.TELEMETRY),
    # What was watched before this moves nothing about this tag, sound or creator any more.
    column("forgotten_at", WHEN, DataClass.TELEMETRY, nullable=True),
    column("changed_at", WHEN, DataClass.TELEMETRY, server_default=NOW),
    Index("ix_feed_wishes_creator_id", "creator_id", postgresql_where=text("creator_id IS NOT NULL")),
    CheckConstraint("kind IN ('" + "', '".join(WISH_KINDS) + "')", name="kind"),
    CheckConstraint("wish BETWEEN -2 AND 2 AND (wish <> 0 OR forgotten_at IS NOT NULL)", name="wish"),
    CheckConstraint("num_nonnulls(tag, sound_id, creator_id) = 1", name="one_thing"),
    purpose="Of which tags, sounds and creators a person wants more, less or nothing, and which are forgotten.",
    retention="Until the person takes it back.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, key, kind, tag, sound_id, creator_id, wish, forgotten_at, "
        "changed_at), UPDATE (wish, forgotten_at, changed_at), DELETE"
    },
)
