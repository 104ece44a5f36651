"""What is learned from watching, and releases of the ranker

Reversible.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0440"
down_revision = "20261122_0430"
branch_labels = None
depends_on = None

_WHEN = postgresql.TIMESTAMP(timezone=True)


def upgrade():
    op.create_table(
        "ranking_models",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("made_at", _WHEN, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("verdict IN ('seed', 'fit', 'unfit')", name=op.f("ck_ranking_models_verdict")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_ranking_models")),
    )
    op.create_index("ix_ranking_models_made_at", "ranking_models", ["made_at"])
    op.create_table(
        "ranking_changes",
        sa.Column("ref", sa.UUID(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("asked_at", _WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=True),
        sa.Column("in_force_at", _WHEN, nullable=True),
        sa.CheckConstraint("cause IN ('seed', 'release', 'rollback')", name=op.f("ck_ranking_changes_cause")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_ranking_changes")),
    )
    op.create_index("ix_ranking_changes_asked_at", "ranking_changes", ["asked_at"])
    op.create_index("ix_watch_events_stored_at", "watch_events", ["stored_at"], postgresql_using="brin")


def downgrade():
    op.drop_index("ix_watch_events_stored_at", "watch_events")
    op.drop_table("ranking_changes")
    op.drop_table("ranking_models")
    op.execute("DROP TABLE IF EXISTS vault.learning_secret")
