"""Web push, and what is told when"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0630"
down_revision = "20261122_0620"
branch_labels = None
depends_on = None

WHEN = postgresql.TIMESTAMP(timezone=True)


def upgrade():
    op.add_column("notices", sa.Column("counts", postgresql.JSONB(), nullable=True))
    op.create_table(
        "notice_settings",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("kinds", postgresql.JSONB(), nullable=False),
        sa.Column("quiet_from", sa.SmallInteger(), nullable=True),
        sa.Column("quiet_to", sa.SmallInteger(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("digest_due_at", WHEN, nullable=True),
        sa.Column("show_names", sa.Boolean(), nullable=False),
        sa.CheckConstraint("digest IN ('off', 'daily')", name=op.f("ck_notice_settings_digest")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_notice_settings_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_notice_settings")),
    )
    op.create_index(
        "ix_notice_settings_digest_due_at",
        "notice_settings",
        ["digest_due_at"],
        postgresql_where=sa.text("digest_due_at IS NOT NULL"),
    )
    op.create_table(
        "push_subscriptions",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("session_id", sa.UUID(), nullable=False),
        sa.Column("endpoint_sealed", postgresql.BYTEA(), nullable=False),
        sa.Column("endpoint_index", postgresql.BYTEA(), nullable=False),
        sa.Column("keys_sealed", postgresql.BYTEA(), nullable=False),
        sa.Column("label_sealed", postgresql.BYTEA(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("made_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_push_subscriptions_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("endpoint_index", name=op.f("uq_push_subscriptions_endpoint_index")),
        sa.UniqueConstraint("id", name=op.f("uq_push_subscriptions_id")),
    )
    op.create_index("ix_push_subscriptions_session_id", "push_subscriptions", ["session_id"])
    op.create_table(
        "pushes",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("subscription_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("topic", sa.UUID(), nullable=False),
        sa.Column("notice_id", sa.UUID(), nullable=True),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("made_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("taken_until", WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_pushes_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["push_subscriptions.id"],
            name=op.f("fk_pushes_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["people.id"], name=op.f("fk_pushes_actor_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscription_id", "kind", "about", name=op.f("pk_pushes")),
    )
    op.create_index("ix_pushes_person_id", "pushes", ["person_id"])
    op.create_index("ix_pushes_due_at", "pushes", ["due_at"])
    op.create_index("ix_pushes_actor_id", "pushes", ["actor_id"])


def downgrade():
    op.drop_table("pushes")
    op.drop_table("push_subscriptions")
    op.drop_table("notice_settings")
    op.execute("DROP TRIGGER IF EXISTS notice_is_pushed ON notices")
    op.execute("DROP TRIGGER IF EXISTS notice_is_wanted ON notices")
    op.drop_column("notices", "counts")
