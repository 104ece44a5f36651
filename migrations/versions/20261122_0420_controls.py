"""What a person tells their feed

Reversible.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0420"
down_revision = "20261122_0140"
branch_labels = None
depends_on = None

_WHEN = postgresql.TIMESTAMP(timezone=True)


def upgrade():
    op.create_table(
        "feed_settings",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("profiling", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("learning", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("paused_at", _WHEN, nullable=True),
        sa.Column("resumed_at", _WHEN, nullable=True),
        sa.Column("reset_at", _WHEN, nullable=True),
        sa.Column("words_sealed", postgresql.BYTEA(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_feed_settings_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_feed_settings")),
    )
    op.create_table(
        "feed_wishes",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=True),
        sa.Column("sound_id", sa.UUID(), nullable=True),
        sa.Column("creator_id", sa.UUID(), nullable=True),
        sa.Column("wish", sa.SmallInteger(), nullable=False),
        sa.Column("forgotten_at", _WHEN, nullable=True),
        sa.Column("changed_at", _WHEN, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('tag', 'sound', 'creator')", name=op.f("ck_feed_wishes_kind")),
        sa.CheckConstraint(
            "wish BETWEEN -2 AND 2 AND (wish <> 0 OR forgotten_at IS NOT NULL)",
            name=op.f("ck_feed_wishes_wish"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(tag, sound_id, creator_id) = 1", name=op.f("ck_feed_wishes_one_thing")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_feed_wishes_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["creator_id"], ["people.id"], name=op.f("fk_feed_wishes_creator_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_feed_wishes")),
    )
    op.create_index(
        "ix_feed_wishes_creator_id",
        "feed_wishes",
        ["creator_id"],
        unique=False,
        postgresql_where=sa.text("creator_id IS NOT NULL"),
    )
    op.add_column(
        "watch_events", sa.Column("learns", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )


def downgrade():
    op.drop_column("watch_events", "learns")
    op.drop_table("feed_wishes")
    op.drop_table("feed_settings")
