"""Staff, grants, and what was opened under them

Reversible: the downgrade drops these tables, and with them who asked and what was opened; the ledger's entries stay.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0120"
down_revision = "20261122_0110"
branch_labels = None
depends_on = None


def upgrade():

    op.create_table(
        "staff",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("public_key", postgresql.BYTEA(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "asked_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("enrolled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("enrolled_ref", sa.UUID(), nullable=True),
        sa.Column("enrolled_leaf", sa.BigInteger(), nullable=True),
        sa.Column("left_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("left_ref", sa.UUID(), nullable=True),
        sa.Column("left_leaf", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'enrolled', 'left')", name=op.f("ck_staff_state")),
        sa.CheckConstraint("length(public_key) = 32", name=op.f("ck_staff_public_key")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_staff_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_staff")),
    )
    op.create_index(
        "uq_staff_person_id_here",
        "staff",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'left'"),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("asked_by", sa.UUID(), nullable=True),
        sa.Column("asked_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("classes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("document", postgresql.BYTEA(), nullable=False),
        sa.Column("document_nonce", postgresql.BYTEA(), nullable=False),
        sa.Column("request", postgresql.BYTEA(), nullable=False),
        sa.Column("request_ref", sa.UUID(), nullable=True),
        sa.Column("request_leaf", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.UUID(), nullable=True),
        sa.Column("decided_key", sa.Text(), nullable=True),
        sa.Column("decision_ref", sa.UUID(), nullable=True),
        sa.Column("decision_leaf", sa.BigInteger(), nullable=True),
        sa.Column("end_ref", sa.UUID(), nullable=True),
        sa.Column("end_leaf", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("requested_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answer_by", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "reason IN ('support', 'safety', 'legal', 'technical')", name=op.f("ck_grants_reason")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'asked', 'approved', 'denied', 'expired', 'closed')",
            name=op.f("ck_grants_state"),
        ),
        sa.CheckConstraint("minutes BETWEEN 1 AND 240", name=op.f("ck_grants_minutes")),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["people.id"], name=op.f("fk_grants_asked_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["people.id"], name=op.f("fk_grants_decided_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index("ix_grants_state_id", "grants", ["state", "id"], unique=False)
    op.create_table(
        "grant_people",
        sa.Column("grant_id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("nonce", postgresql.BYTEA(), nullable=False),
        sa.Column("document", postgresql.BYTEA(), nullable=False),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_grant_people_grant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_grant_people_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("grant_id", "person_id", name=op.f("pk_grant_people")),
    )
    op.create_index(
        "ix_grant_people_person_id_grant_id", "grant_people", ["person_id", "grant_id"], unique=False
    )
    op.create_table(
        "grant_decisions",
        sa.Column("grant_id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("entry", postgresql.BYTEA(), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("verdict IN ('approve', 'deny')", name=op.f("ck_grant_decisions_verdict")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_grant_decisions_grant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_grant_decisions_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("grant_id", "person_id", name=op.f("pk_grant_decisions")),
    )
    op.create_table(
        "grant_uses",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("grant_id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("clip_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("nonce", postgresql.BYTEA(), nullable=False),
        sa.Column("document", postgresql.BYTEA(), nullable=False),
        sa.Column("ref", sa.UUID(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=True),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("(what = 'clip') = (clip_id IS NOT NULL)", name=op.f("ck_grant_uses_clip")),
        sa.CheckConstraint("state IN ('pending', 'logged', 'opened')", name=op.f("ck_grant_uses_state")),
        sa.CheckConstraint(
            "what IN ('identity', 'social', 'telemetry', 'private', 'clip')", name=op.f("ck_grant_uses_what")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name=op.f("fk_grant_uses_grant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_grant_uses_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_uses")),
        sa.UniqueConstraint("ref", name=op.f("uq_grant_uses_ref")),
    )
    op.create_index("ix_grant_uses_grant_id_id", "grant_uses", ["grant_id", "id"], unique=False)
    op.create_index("ix_grant_uses_person_id_grant_id", "grant_uses", ["person_id", "grant_id"], unique=False)


def downgrade():
    op.drop_table("grant_uses")
    op.drop_table("grant_decisions")
    op.drop_table("grant_people")
    op.drop_table("grants")
    op.drop_table("staff")
