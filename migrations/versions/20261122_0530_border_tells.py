"""What the border counts and refuses, by hour and by minute, until the ledger has been told

The downgrade loses at most what was not told yet.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0530"
down_revision = "20261122_0500"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "border_hours",
        sa.Column("hour", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("data_class", sa.Text(), nullable=False),
        sa.Column("objects", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("direction IN ('out', 'in')", name=op.f("ck_border_hours_direction")),
        sa.PrimaryKeyConstraint(
            "hour", "kind", "direction", "peer", "data_class", name=op.f("pk_border_hours")
        ),
    )
    op.create_table(
        "border_refusals",
        sa.Column("minute", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("classes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("direction IN ('out', 'in')", name=op.f("ck_border_refusals_direction")),
        sa.PrimaryKeyConstraint(
            "minute",
            "direction",
            "channel",
            "peer",
            "object_type",
            "classes",
            "fields",
            "reason",
            name=op.f("pk_border_refusals"),
        ),
    )


def downgrade():
    op.drop_table("border_refusals")
    op.drop_table("border_hours")
