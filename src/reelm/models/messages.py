"""Tables of the room `messages`: devices, conversations, and what people send each other, sealed on their devices."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, UUID
from sqlalchemy.types import BigInteger, Boolean, Date, Text

from reelm.models.declare import Audience, DataClass, column, declare, member, mine, owner
from reelm.models.people import NOW, WHEN, person_id

# Evaluated once a statement, as an init plan.
MY_CONVERSATIONS = "= ANY ((SELECT reelm.my_conversations())::uuid[])"


def perhaps_person(name: str, data_class: DataClass, **options: object):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Column that refers to a person and is empty once they are gone."""
    return column(
        name, UUID(), data_class, ForeignKey("people.id", ondelete="SET NULL"), nullable=True, **options
    )


def conversation_id(**options: object):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Column that refers to a conversation and goes when it goes."""
    return column(
        "conversation_id",
        UUID(),
        DataClass.SOCIAL,
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
        **options,
    )


message_identities = declare(
    "message_identities",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    column("identity_key", BYTEA(), DataClass.SOCIAL),
    column("made_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    purpose="The public key by which a person's devices are known to be theirs.",
    retention="Until the person makes another, or erases the account.",
    audiences=[owner("person_id")],
    grants={"reelm_web": "SELECT, INSERT (person_id, identity_key, made_at), UPDATE (identity_key, made_at)"},
)

devices = declare(
    "devices",
    column("id", UUID(), DataClass.SOCIAL, primary_key=True),
    person_id("person_id", DataClass.SOCIAL),
    column("signature_key", BYTEA(), DataClass.SOCIAL),
    column("certificate", BYTEA(), DataClass.SOCIAL),
    # What the person calls it, sealed on the device under their history key.
    column("label_sealed", BYTEA(), DataClass.PRIVATE),
    column("made_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    column("seen_on", Date(), DataClass.SOCIAL, server_default=text("CURRENT_DATE")),
    Index("ix_devices_person_id_id", "person_id", "id"),
    purpose="The devices on which a person reads messages, with their public keys.",
    retention="Until the person ends the device, or erases the account.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (id, person_id, signature_key, certificate, label_sealed, made_at, seen_on), "
        "UPDATE (seen_on), DELETE"
    },
)

key_packages = declare(
    "key_packages",
    column(
        "device_id", UUID(), DataClass.SOCIAL, ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    ),
    column("digest", BYTEA(), DataClass.OPERATIONAL, primary_key=True),
    person_id("person_id", DataClass.SOCIAL),
    column("package", BYTEA(), DataClass.OPERATIONAL),
    column("last_resort", Boolean(), DataClass.OPERATIONAL, server_default=text("false")),
    column("made_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    Index("ix_key_packages_person_id", "person_id"),
    purpose="One-time public keys with which a device can be added to a conversation while it is away.",
    retention="Until one is used, or the device ends.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (device_id, digest, person_id, package, last_resort, made_at), DELETE"
    },
)

conversations = declare(
    "conversations",
    column("id", UUID(), DataClass.SOCIAL, primary_key=True),
    column("kind", Text(), DataClass.SOCIAL),
    # The two people of a pair, in order; empty in a group, and in a pair that has been left.
    perhaps_person("pair_low", DataClass.SOCIAL),
    perhaps_person("pair_high", DataClass.SOCIAL),
    column("epoch", BigInteger(), DataClass.SOCIAL, server_default="0"),
    column("last_seq", BigInteger(), DataClass.SOCIAL, server_default="0"),
    column("last_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    # What a device needs to join from outside: public keys of the members, and no key that opens anything.
    column("group_info", BYTEA(), DataClass.SOCIAL),
    column("made_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    UniqueConstraint("pair_low", "pair_high"),
    Index("ix_conversations_pair_high", "pair_high"),
    CheckConstraint("kind IN ('pair', 'group')", name="kind"),
    purpose="That some people write to each other: how far their conversation has come.",
    retention="Until the last one has left it.",
    audiences=[member(f"id {MY_CONVERSATIONS}")],
    grants={"reelm_web": "SELECT (id, kind, epoch, last_seq, last_at, group_info, made_at)"},
)

conversation_members = declare(
    "conversation_members",
    conversation_id(),
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    column("state", Text(), DataClass.SOCIAL),
    column("role", Text(), DataClass.SOCIAL, server_default="member"),
    column("devices", ARRAY(UUID()), DataClass.SOCIAL, server_default=text("'{}'::uuid[]")),
    column("first_seq", BigInteger(), DataClass.SOCIAL),
    column("read_seq", BigInteger(), DataClass.SOCIAL, server_default="0"),
    column("muted_until", WHEN, DataClass.SOCIAL, nullable=True),
    # Who wrote to somebody who does not follow them; counted for a day, and kept from asking again when declined.
    perhaps_person("asked_by", DataClass.SOCIAL),
    column("declined", Boolean(), DataClass.SOCIAL, server_default=text("false")),
    column("joined_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    Index("ix_conversation_members_person_id_conversation_id", "person_id", "conversation_id"),
    Index(
        "ix_conversation_members_asked_by_joined_at",
        "asked_by",
        "joined_at",
        postgresql_where=text("asked_by IS NOT NULL"),
    ),
    CheckConstraint("state IN ('member', 'requested', 'left')", name="state"),
    CheckConstraint("role IN ('admin', 'member')", name="role"),
    purpose="Who is in a conversation, since when, and how far each has read.",
    retention="Until the last one has left the conversation.",
    audiences=[
        member(f"conversation_id {MY_CONVERSATIONS}"),
        Audience("muting", "UPDATE", mine("person_id"), mine("person_id")),
    ],
    grants={
        # How far others have read, and whether they muted it, is no member's to see: `reelm.read_places`.
        "reelm_web": "SELECT (conversation_id, person_id, state, role, devices, first_seq, joined_at), "
        "UPDATE (muted_until)"
    },
)

messages = declare(
    "messages",
    conversation_id(),
    column("seq", BigInteger(), DataClass.SOCIAL, primary_key=True, autoincrement=False),
    column("kind", Text(), DataClass.SOCIAL),
    column("id", UUID(), DataClass.SOCIAL),
    perhaps_person("sender_id", DataClass.SOCIAL),
    column("device_id", UUID(), DataClass.SOCIAL, nullable=True),
    column("epoch", BigInteger(), DataClass.SOCIAL),
    # As the sender's device sealed it for the devices of the others: the realm has no key for it.
    column("body_sealed", BYTEA(), DataClass.PRIVATE, nullable=True),
    column("commitment", BYTEA(), DataClass.DERIVED, nullable=True),
    column("at", WHEN, DataClass.SOCIAL),
    UniqueConstraint("conversation_id", "device_id", "id"),
    Index("ix_messages_at", "at"),
    Index("ix_messages_sender_id", "sender_id", postgresql_where=text("sender_id IS NOT NULL")),
    CheckConstraint("kind IN ('message', 'commit', 'removed')", name="kind"),
    purpose="What people send each other, in its order, until every device has fetched it.",
    retention="30 days.",
    audiences=[
        member(
            f"conversation_id {MY_CONVERSATIONS} "
            "AND seq >= ((SELECT reelm.first_seqs()) ->> conversation_id::text)::bigint"
        )
    ],
    grants={"reelm_web": "SELECT"},
)

welcomes = declare(
    "welcomes",
    column(
        "device_id", UUID(), DataClass.SOCIAL, ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    ),
    conversation_id(),
    person_id("person_id", DataClass.SOCIAL),
    column("seq", BigInteger(), DataClass.SOCIAL),
    column("welcome_sealed", BYTEA(), DataClass.PRIVATE),
    column("made_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    Index("ix_welcomes_conversation_id", "conversation_id"),
    Index("ix_welcomes_person_id", "person_id"),
    purpose="What lets a device into a conversation that it was added to, sealed for this device.",
    retention="Until the device has it, 30 days at most.",
    audiences=[owner("person_id")],
    grants={"reelm_web": "SELECT, DELETE"},
)

message_histories = declare(
    "message_histories",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    column("conversation_id", UUID(), DataClass.SOCIAL, primary_key=True),
    column("seq", BigInteger(), DataClass.SOCIAL, primary_key=True, autoincrement=False),
    # Sealed on the person's device under a key from their recovery key.
    column("body_sealed", BYTEA(), DataClass.PRIVATE),
    column("at", WHEN, DataClass.SOCIAL, server_default=NOW),
    purpose="What a person's devices opened, sealed for the person's next device.",
    retention="Until the person deletes it, or erases the account.",
    audiences=[owner("person_id")],
    grants={"reelm_web": "SELECT, INSERT (person_id, conversation_id, seq, body_sealed, at), DELETE"},
)

message_settings = declare(
    "message_settings",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("read_receipts", Boolean(), DataClass.OPERATIONAL, server_default=text("true")),
    column("typing", Boolean(), DataClass.OPERATIONAL, server_default=text("true")),
    column("who_may_write", Text(), DataClass.OPERATIONAL, server_default="everyone"),
    CheckConstraint("who_may_write IN ('everyone', 'followed', 'friends', 'nobody')", name="who_may_write"),
    purpose="Who may write to a person, and whether they show that they read or type.",
    retention="Until the person changes it.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, read_receipts, typing, who_may_write), "
        "UPDATE (read_receipts, typing, who_may_write)"
    },
)
