"""Tables of the room `notices` beside the notices: devices that are told, what waits for them, what is told when."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, UUID
from sqlalchemy.types import Boolean, Integer, SmallInteger, Text

from reelm.models.declare import DataClass, column, declare, owner
from reelm.models.people import NOW, WHEN, person_id

notice_settings = declare(
    "notice_settings",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    # Sort of notice → push, app or off; what isn't named is as it is for everybody.
    column("kinds", JSONB(), DataClass.OPERATIONAL),
    # Minutes of the day, in the time zone.
    column("quiet_from", SmallInteger(), DataClass.OPERATIONAL, nullable=True),
    column("quiet_to", SmallInteger(), DataClass.OPERATIONAL, nullable=True),
    column("time_zone", Text(), DataClass.OPERATIONAL),
    column("digest", Text(), DataClass.OPERATIONAL),
    column("digest_due_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("show_names", Boolean(), DataClass.OPERATIONAL),
    CheckConstraint("digest IN ('off', 'daily')", name="digest"),
    Index(
        "ix_notice_settings_digest_due_at",
        "digest_due_at",
        postgresql_where=text("digest_due_at IS NOT NULL"),
    ),
    purpose="What a person wants to be told, where and at what hours.",
    retention="Until the person erases the account.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT, UPDATE (kinds, quiet_from, quiet_to, time_zone, digest, digest_due_at, "
        "show_names)",
        "reelm_worker": "SELECT, UPDATE (digest_due_at)",
    },
)

push_subscriptions = declare(
    "push_subscriptions",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("session_id", UUID(), DataClass.OPERATIONAL),
    # Where the device's push service takes what is for it, and the keys to seal it with.
    column("endpoint_sealed", BYTEA(), DataClass.PRIVATE),
    column("endpoint_index", BYTEA(), DataClass.PRIVATE, unique=True),
    column("keys_sealed", BYTEA(), DataClass.PRIVATE),
    column("label_sealed", BYTEA(), DataClass.PRIVATE),
    column("time_zone", Text(), DataClass.OPERATIONAL),
    column("failures", SmallInteger(), DataClass.OPERATIONAL, server_default="0"),
    column("made_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    column("seen_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    UniqueConstraint("id"),
    Index("ix_push_subscriptions_session_id", "session_id"),
    purpose="The devices that a person wants to be told on.",
    retention="Until the person takes the device off, its session ends, or its push service says that it is gone.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, id, session_id, endpoint_sealed, endpoint_index, keys_sealed, "
        "label_sealed, time_zone, made_at, seen_at), UPDATE (session_id, endpoint_sealed, keys_sealed, label_sealed, "
        "time_zone, failures, seen_at), DELETE",
        "reelm_worker": "SELECT, UPDATE (failures), DELETE",
    },
)

pushes = declare(
    "pushes",
    person_id("person_id", DataClass.SOCIAL),
    column(
        "subscription_id",
        UUID(),
        DataClass.SOCIAL,
        ForeignKey("push_subscriptions.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    column("kind", Text(), DataClass.SOCIAL, primary_key=True),
    # The clip or the conversation; nothing for what is about the person.
    column("about", Text(), DataClass.SOCIAL, primary_key=True),
    # By what the push service replaces one that it still holds: chance, and new for each that was not sent before.
    column("topic", UUID(), DataClass.OPERATIONAL),
    column("notice_id", UUID(), DataClass.SOCIAL, nullable=True),
    person_id("actor_id", DataClass.SOCIAL, nullable=True),
    column("number", Integer(), DataClass.SOCIAL, server_default="1"),
    column("made_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    column("due_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    column("taken_until", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    column("tries", SmallInteger(), DataClass.OPERATIONAL, server_default="0"),
    Index("ix_pushes_person_id", "person_id"),
    Index("ix_pushes_due_at", "due_at"),
    Index("ix_pushes_actor_id", "actor_id"),
    purpose="What a device is still to be told.",
    retention="Until it was told, a day at most.",
    audiences=[owner("person_id")],
    grants={"reelm_worker": "SELECT, UPDATE (due_at, taken_until, tries), DELETE"},
)
