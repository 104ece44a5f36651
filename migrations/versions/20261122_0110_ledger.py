"""The ledger's outbox and head

Reversible; going down destroys the database's copy of the ledger, not its published files.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0110"
down_revision = "20261121_2200"
branch_labels = None
depends_on = None


def upgrade():
    when = postgresql.TIMESTAMP(timezone=True)
    op.create_table(
        "ledger_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "kind", name=op.f("pk_ledger_counts")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("ref", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.BYTEA(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("created_at", when, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("leaf_index >= 0", name=op.f("ck_ledger_entries_leaf_index")),
        sa.CheckConstraint("length(body) BETWEEN 1 AND 65535", name=op.f("ck_ledger_entries_body")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("leaf_index", name=op.f("uq_ledger_entries_leaf_index")),
    )
    op.create_index(
        "ix_ledger_entries_waiting",
        "ledger_entries",
        ["number"],
        unique=False,
        postgresql_where=sa.text("leaf_index IS NULL AND refused IS NULL"),
    )
    op.create_index("ix_ledger_entries_kind_leaf_index", "ledger_entries", ["kind", "leaf_index"])
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("vkey", sa.Text(), nullable=False),
        sa.Column("term", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("root", postgresql.BYTEA(), nullable=False),
        sa.Column("release_policy", sa.Text(), server_default="", nullable=False),
        sa.Column("release_checkpoint", sa.Text(), nullable=True),
        sa.Column("release_size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("release_at", when, nullable=True),
        sa.Column("public_policy", sa.Text(), server_default="", nullable=False),
        sa.Column("public_checkpoint", sa.Text(), nullable=True),
        sa.Column("public_size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("public_at", when, nullable=True),
        sa.Column("late_since", when, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("alive_at", when, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_head_single")),
        sa.CheckConstraint(
            "release_size <= size AND public_size <= size", name=op.f("ck_ledger_head_published")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "ledger_witnesses",
        sa.Column("vkey", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("in_release", sa.Boolean(), nullable=False),
        sa.Column("in_public", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cosigned_at", when, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("vkey", name=op.f("pk_ledger_witnesses")),
    )


def downgrade():
    for table in ("ledger_witnesses", "ledger_head", "ledger_entries", "ledger_counts"):
        op.drop_table(table)
