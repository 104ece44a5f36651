"""Messages: devices, conversations, and what the server keeps of them sealed

The downgrade forgets every conversation; what people's devices hold of them stays there.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0600"
down_revision = "20261122_0540"
branch_labels = None
depends_on = None

_WHEN = postgresql.TIMESTAMP(timezone=True)


def _id(name, *, nullable=False):
    return sa.Column(name, sa.UUID(), nullable=nullable)


def _when(name):
    return sa.Column(name, _WHEN, server_default=sa.text("now()"), nullable=False)


def _number(name, **options):
    return sa.Column(name, sa.BigInteger(), nullable=False, **options)


def _bytes(name, *, nullable=False):
    return sa.Column(name, postgresql.BYTEA(), nullable=nullable)


def _truth(name, default):
    return sa.Column(name, sa.Boolean(), server_default=sa.text(default), nullable=False)


def _key(table, column, to="people", ends="CASCADE"):
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ends)


def _primary(table, *columns):
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _check(table, column, values):
    said = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({said})", name=op.f(f"ck_{table}_{column}"))


def upgrade():
    _devices()
    _conversations()
    _messages()
    _own()


def _devices():
    op.create_table(
        "message_identities",
        _id("person_id"),
        _bytes("identity_key"),
        _when("made_at"),
        _key("message_identities", "person_id"),
        _primary("message_identities", "person_id"),
    )
    op.create_table(
        "devices",
        _id("id"),
        _id("person_id"),
        _bytes("signature_key"),
        _bytes("certificate"),
        _bytes("label_sealed"),
        _when("made_at"),
        sa.Column("seen_on", sa.Date(), server_default=sa.text("CURRENT_DATE"), nullable=False),
        _key("devices", "person_id"),
        _primary("devices", "id"),
    )
    op.create_index("ix_devices_person_id_id", "devices", ["person_id", "id"])
    op.create_table(
        "key_packages",
        _id("device_id"),
        _bytes("digest"),
        _id("person_id"),
        _bytes("package"),
        _truth("last_resort", "false"),
        _when("made_at"),
        _key("key_packages", "device_id", "devices"),
        _key("key_packages", "person_id"),
        _primary("key_packages", "device_id", "digest"),
    )
    op.create_index("ix_key_packages_person_id", "key_packages", ["person_id"])


def _conversations():
    op.create_table(
        "conversations",
        _id("id"),
        sa.Column("kind", sa.Text(), nullable=False),
        _id("pair_low", nullable=True),
        _id("pair_high", nullable=True),
        _number("epoch", server_default="0"),
        _number("last_seq", server_default="0"),
        _when("last_at"),
        _bytes("group_info"),
        _when("made_at"),
        _check("conversations", "kind", ("pair", "group")),
        _key("conversations", "pair_low", ends="SET NULL"),
        _key("conversations", "pair_high", ends="SET NULL"),
        _primary("conversations", "id"),
        sa.UniqueConstraint("pair_low", "pair_high", name=op.f("uq_conversations_pair_low_pair_high")),
    )
    op.create_index("ix_conversations_pair_high", "conversations", ["pair_high"])
    table = "conversation_members"
    op.create_table(
        table,
        _id("conversation_id"),
        _id("person_id"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default="member", nullable=False),
        sa.Column(
            "devices", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'::uuid[]"), nullable=False
        ),
        _number("first_seq"),
        _number("read_seq", server_default="0"),
        sa.Column("muted_until", _WHEN, nullable=True),
        _id("asked_by", nullable=True),
        _truth("declined", "false"),
        _when("joined_at"),
        _check(table, "state", ("member", "requested", "left")),
        _check(table, "role", ("admin", "member")),
        _key(table, "conversation_id", "conversations"),
        _key(table, "person_id"),
        _key(table, "asked_by", ends="SET NULL"),
        _primary(table, "conversation_id", "person_id"),
    )
    op.create_index(
        "ix_conversation_members_person_id_conversation_id", table, ["person_id", "conversation_id"]
    )
    op.create_index(
        "ix_conversation_members_asked_by_joined_at",
        table,
        ["asked_by", "joined_at"],
        postgresql_where=sa.text("asked_by IS NOT NULL"),
    )


def _messages():
    op.create_table(
        "messages",
        _id("conversation_id"),
        _number("seq", autoincrement=False),
        sa.Column("kind", sa.Text(), nullable=False),
        _id("id"),
        _id("sender_id", nullable=True),
        _id("device_id", nullable=True),
        _number("epoch"),
        _bytes("body_sealed", nullable=True),
        _bytes("commitment", nullable=True),
        sa.Column("at", _WHEN, nullable=False),
        _check("messages", "kind", ("message", "commit", "removed")),
        _key("messages", "conversation_id", "conversations"),
        _key("messages", "sender_id", ends="SET NULL"),
        _primary("messages", "conversation_id", "seq"),
        sa.UniqueConstraint(
            "conversation_id", "device_id", "id", name=op.f("uq_messages_conversation_id_device_id_id")
        ),
    )
    op.create_index("ix_messages_at", "messages", ["at"])
    op.create_index(
        "ix_messages_sender_id", "messages", ["sender_id"], postgresql_where=sa.text("sender_id IS NOT NULL")
    )
    op.create_table(
        "welcomes",
        _id("device_id"),
        _id("conversation_id"),
        _id("person_id"),
        _number("seq"),
        _bytes("welcome_sealed"),
        _when("made_at"),
        _key("welcomes", "device_id", "devices"),
        _key("welcomes", "conversation_id", "conversations"),
        _key("welcomes", "person_id"),
        _primary("welcomes", "device_id", "conversation_id"),
    )
    op.create_index("ix_welcomes_conversation_id", "welcomes", ["conversation_id"])
    op.create_index("ix_welcomes_person_id", "welcomes", ["person_id"])


def _own():
    op.create_table(
        "message_histories",
        _id("person_id"),
        _id("conversation_id"),
        _number("seq", autoincrement=False),
        _bytes("body_sealed"),
        _when("at"),
        _key("message_histories", "person_id"),
        _primary("message_histories", "person_id", "conversation_id", "seq"),
    )
    op.create_table(
        "message_settings",
        _id("person_id"),
        _truth("read_receipts", "true"),
        _truth("typing", "true"),
        sa.Column("who_may_write", sa.Text(), server_default="everyone", nullable=False),
        _check("message_settings", "who_may_write", ("everyone", "followed", "friends", "nobody")),
        _key("message_settings", "person_id"),
        _primary("message_settings", "person_id"),
    )


def downgrade():
    op.execute("DROP TRIGGER IF EXISTS writer_gone ON people")
    for table in (
        "message_settings",
        "message_histories",
        "welcomes",
        "messages",
        "conversation_members",
        "conversations",
        "key_packages",
        "devices",
        "message_identities",
    ):
        op.drop_table(table)
