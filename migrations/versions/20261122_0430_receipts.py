"""Receipts of pages, and declared adjustments

Reversible: the downgrade drops these tables, and with them the index of receipts; the ledger stays.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0430"
down_revision = "20261122_0420"
branch_labels = None
depends_on = None


def upgrade():

    op.create_table(
        "receipts",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("leaf", postgresql.BYTEA(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("clips", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("sources", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.CheckConstraint("cardinality(clips) = cardinality(sources)", name=op.f("ck_receipts_sources")),
        sa.CheckConstraint("length(leaf) = 32", name=op.f("ck_receipts_leaf")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_receipts_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_receipts")),
    )
    op.create_index("ix_receipts_at", "receipts", ["at"], unique=False, postgresql_using="brin")
    op.create_table(
        "receipt_leaves",
        sa.Column("leaf", postgresql.BYTEA(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.CheckConstraint("(batch IS NULL) = (position IS NULL)", name=op.f("ck_receipt_leaves_placed")),
        sa.CheckConstraint("length(leaf) = 32", name=op.f("ck_receipt_leaves_leaf")),
        sa.PrimaryKeyConstraint("leaf", name=op.f("pk_receipt_leaves")),
    )
    op.create_index("ix_receipt_leaves_at", "receipt_leaves", ["at"], unique=False, postgresql_using="brin")
    op.create_index(
        "ix_receipt_leaves_waiting",
        "receipt_leaves",
        ["at"],
        unique=False,
        postgresql_where=sa.text("batch IS NULL"),
    )
    op.create_table(
        "receipt_batches",
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("root", postgresql.BYTEA(), nullable=False),
        sa.Column("chain", postgresql.BYTEA(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("ref", sa.UUID(), nullable=False),
        sa.Column(
            "made_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "length(root) = 32 AND length(chain) = 32", name=op.f("ck_receipt_batches_hashes")
        ),
        sa.PrimaryKeyConstraint("batch", name=op.f("pk_receipt_batches")),
    )
    op.create_table(
        "promise_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("from_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.CheckConstraint("key ~ '^[0-9a-f]{64}$'", name=op.f("ck_promise_keys_key")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_promise_keys")),
    )
    op.create_table(
        "adjustments",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("from_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "abs(points) BETWEEN 1 AND 2000 AND (kind = 'boost') = (points > 0)",
            name=op.f("ck_adjustments_points"),
        ),
        sa.CheckConstraint("kind IN ('boost', 'demotion')", name=op.f("ck_adjustments_kind")),
        sa.CheckConstraint(
            "reason IN ('editorial', 'public_service', 'realm_event', 'low_quality', 'borderline', 'legal')",
            name=op.f("ck_adjustments_reason"),
        ),
        sa.CheckConstraint("ended > since", name=op.f("ck_adjustments_ended")),
        sa.CheckConstraint("from_at < until_at", name=op.f("ck_adjustments_span")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustments")),
    )
    op.create_index(
        "uq_adjustments_clip_id_now",
        "adjustments",
        ["clip_id"],
        unique=True,
        postgresql_where=sa.text("ended IS NULL"),
    )
    op.create_table(
        "adjustment_maps",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("root", postgresql.BYTEA(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ref", sa.UUID(), nullable=False),
        sa.Column(
            "made_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("length(root) = 32", name=op.f("ck_adjustment_maps_root")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_adjustment_maps")),
    )
    op.create_table(
        "clip_reach",
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("impressions", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_clip_reach_clip_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("clip_id", "day", "source", name=op.f("pk_clip_reach")),
    )


def downgrade():
    op.drop_table("clip_reach")
    op.drop_table("adjustment_maps")
    op.drop_table("adjustments")
    op.drop_table("promise_keys")
    op.drop_table("receipt_batches")
    op.drop_table("receipt_leaves")
    op.drop_table("receipts")
