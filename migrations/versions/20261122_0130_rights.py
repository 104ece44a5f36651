"""Exports, imports and erasures

Reversible.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0130"
down_revision = "20261122_0120"
branch_labels = None
depends_on = None

_WHEN = postgresql.TIMESTAMP(timezone=True)
_NOW = sa.text("now()")
_UNDER_WAY = sa.text("state IN ('waiting', 'running')")


def _of_person(table):
    return sa.ForeignKeyConstraint(
        ["person_id"], ["people.id"], name=op.f(f"fk_{table}_person_id"), ondelete="CASCADE"
    )


def upgrade():
    op.create_table(
        "exports",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("manifest_digest", sa.Text(), nullable=True),
        sa.Column("entry_ref", sa.UUID(), nullable=True),
        sa.Column("nonce", postgresql.BYTEA(), nullable=True),
        sa.Column("wrapped_key", postgresql.BYTEA(), nullable=True),
        sa.Column("created_at", _WHEN, server_default=_NOW, nullable=False),
        sa.Column("expires_at", _WHEN, nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'ready', 'failed', 'cancelled', 'expired')",
            name=op.f("ck_exports_state"),
        ),
        _of_person("exports"),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_exports")),
    )
    op.create_index(
        "uq_exports_under_way", "exports", ["person_id"], unique=True, postgresql_where=_UNDER_WAY
    )
    op.create_index("ix_exports_expires_at", "exports", ["expires_at"], unique=False)
    op.create_table(
        "imports",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("upload_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("checked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("origin", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("missing", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column(
            "suggestions", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("created_at", _WHEN, server_default=_NOW, nullable=False),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'ready', 'failed', 'cancelled')", name=op.f("ck_imports_state")
        ),
        _of_person("imports"),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_imports")),
    )
    op.create_index(
        "uq_imports_under_way", "imports", ["person_id"], unique=True, postgresql_where=_UNDER_WAY
    )
    op.create_table(
        "import_items",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("import_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target_id", sa.UUID(), nullable=True),
        _of_person("import_items"),
        sa.PrimaryKeyConstraint("person_id", "import_id", "kind", "source", name=op.f("pk_import_items")),
    )
    op.create_table(
        "erasures",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("entry_ref", sa.UUID(), nullable=False),
        sa.Column("asked_at", _WHEN, server_default=_NOW, nullable=False),
        sa.Column("keys_gone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rows_gone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("leftovers", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_erasures")),
    )
    op.add_column("uploads", sa.Column("purpose", sa.Text(), server_default="clip", nullable=False))
    op.create_check_constraint(op.f("ck_uploads_purpose"), "uploads", "purpose IN ('clip', 'import')")
    op.add_column(
        "clips", sa.Column("imported", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade():
    op.drop_column("clips", "imported")
    op.drop_constraint(op.f("ck_uploads_purpose"), "uploads", type_="check")
    op.drop_column("uploads", "purpose")
    op.drop_table("erasures")
    op.drop_table("import_items")
    op.drop_table("imports")
    op.drop_table("exports")
