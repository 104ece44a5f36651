"""What recipients of messages disclosed

Reversible: the downgrade drops these tables, and with them what was reported.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0640"
down_revision = "20261122_0630"
branch_labels = None
depends_on = None

_WHEN = postgresql.TIMESTAMP(timezone=True)


def upgrade():
    op.create_table(
        "message_reports",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("items", sa.SmallInteger(), nullable=False),
        sa.Column("report_sealed", postgresql.BYTEA(), nullable=False),
        sa.Column("made_at", _WHEN, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("items BETWEEN 1 AND 20", name=op.f("ck_message_reports_items")),
        sa.CheckConstraint(
            "category IN ('bullying', 'threat', 'hate', 'sexual', 'minor', 'self_harm', 'spam', 'fraud', 'other')",
            name=op.f("ck_message_reports_category"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_message_reports_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_reports")),
    )
    op.create_index("ix_message_reports_person_id_id", "message_reports", ["person_id", "id"], unique=False)
    op.create_table(
        "message_report_openings",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("at", _WHEN, nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["message_reports.id"],
            name=op.f("fk_message_report_openings_report_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_report_openings")),
    )
    op.create_index(
        "ix_message_report_openings_report_id", "message_report_openings", ["report_id"], unique=False
    )


def downgrade():
    op.drop_table("message_report_openings")
    op.drop_table("message_reports")
