"""People who chose to be found by those who have their number or address

Reversible: the downgrade drops both tables; nobody can be found any more, and what was asked for is forgotten.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0610"
down_revision = "20261122_0600"
branch_labels = None
depends_on = None

_WHEN = postgresql.TIMESTAMP(timezone=True)


def upgrade():
    op.create_table(
        "contact_entries",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("entry", postgresql.BYTEA(), nullable=False),
        sa.Column("made_at", _WHEN, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('phone', 'email')", name=op.f("ck_contact_entries_kind")),
        sa.CheckConstraint("place BETWEEN 1 AND 2", name=op.f("ck_contact_entries_place")),
        sa.CheckConstraint("length(entry) = 92", name=op.f("ck_contact_entries_entry")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_contact_entries_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "kind", "place", name=op.f("pk_contact_entries")),
    )
    op.create_index("ix_contact_entries_entry", "contact_entries", ["entry"], unique=False)
    op.create_table(
        "contact_standings",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("whole_at", _WHEN, server_default=sa.text("now()"), nullable=False),
        sa.Column("dropped_at", _WHEN, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_contact_standings_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_contact_standings")),
    )


def downgrade():
    op.execute("DROP TRIGGER IF EXISTS handle_changed ON people")
    op.execute("DROP FUNCTION IF EXISTS reelm.on_handle_changed(), reelm.contact_set(bytea, integer)")
    op.execute("DROP FUNCTION IF EXISTS reelm.spend_evaluations(integer)")
    op.drop_table("contact_standings")
    op.drop_table("contact_entries")
