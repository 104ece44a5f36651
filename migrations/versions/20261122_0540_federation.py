"""What other realms count of a clip, and which realms a thing went to

The downgrade forgets how often clips were watched elsewhere; what was added to their counters stays.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0540"
down_revision = "20261122_0530"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_crossings_thing_id_peer", "crossings", ["thing_id", "peer"])
    op.create_table(
        "views_abroad",
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("views", sa.BigInteger(), nullable=False),
        sa.Column(
            "told_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_views_abroad_clip_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("clip_id", "peer", name=op.f("pk_views_abroad")),
    )


def downgrade():
    op.drop_table("views_abroad")
    op.drop_index("ix_crossings_thing_id_peer", table_name="crossings")
