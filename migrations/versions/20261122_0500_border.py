"""Other realms: what crosses to and from them, and who agreed to it

The downgrade forgets other realms, and what their people have here.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0500"
down_revision = "20261122_0450"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "peers",
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.Column("web", sa.Text(), nullable=False),
        sa.Column("border", sa.Text(), nullable=False),
        sa.Column("vkey", sa.Text(), nullable=False),
        sa.Column("ledger_vkey", sa.Text(), nullable=False),
        sa.Column("charter", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column(
            "known_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("heard_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'paused', 'refused')", name=op.f("ck_peers_state")),
        sa.PrimaryKeyConstraint("realm", name=op.f("pk_peers")),
    )
    op.create_table(
        "crossing_batches",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("root", postgresql.BYTEA(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.UUID(), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column(
            "made_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("done_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("direction IN ('out', 'in')", name=op.f("ck_crossing_batches_direction")),
        sa.CheckConstraint(
            "state IN ('recorded', 'released', 'delivered', 'dead', 'taken')",
            name=op.f("ck_crossing_batches_state"),
        ),
        sa.CheckConstraint("length(root) = 32", name=op.f("ck_crossing_batches_root")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crossing_batches")),
    )
    op.create_index(
        "ix_crossing_batches_next_at",
        "crossing_batches",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('recorded', 'released')"),
    )
    op.create_index(
        "uq_crossing_batches_in",
        "crossing_batches",
        ["peer", "root"],
        unique=True,
        postgresql_where=sa.text("direction = 'in'"),
    )
    op.create_table(
        "crossings",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=True),
        sa.Column("thing_id", sa.UUID(), nullable=True),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("released", postgresql.BYTEA(), nullable=True),
        sa.Column("nonce", postgresql.BYTEA(), nullable=True),
        sa.Column("classes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("removed", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("bytes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("batch_id", sa.UUID(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "made_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("done_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "act IN ('Create', 'Update', 'Delete', 'Follow', 'Accept', 'Reject', 'Undo', 'Like', "
            "'Announce', 'Move', 'Flag')",
            name=op.f("ck_crossings_act"),
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'recorded', 'delivered', 'refused', 'dead', 'taken_back')",
            name=op.f("ck_crossings_state"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["crossing_batches.id"], name=op.f("fk_crossings_batch_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_crossings_person_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crossings")),
    )
    op.create_index(
        "ix_crossings_asked",
        "crossings",
        ["peer", "number"],
        unique=False,
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index("ix_crossings_batch_id_position", "crossings", ["batch_id", "position"], unique=False)
    op.create_index("ix_crossings_person_id_number", "crossings", ["person_id", "number"], unique=False)
    op.create_table(
        "arrivals",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("batch_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("state", sa.Text(), server_default="held", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('held', 'taken', 'refused')", name=op.f("ck_arrivals_state")),
        sa.ForeignKeyConstraint(["batch_id"], ["crossing_batches.id"], name=op.f("fk_arrivals_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
    )
    op.create_index(
        "ix_arrivals_held", "arrivals", ["at"], unique=False, postgresql_where=sa.text("state = 'held'")
    )
    op.create_index("uq_arrivals_peer_uri", "arrivals", ["peer", "uri"], unique=True)
    op.create_table(
        "border_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("data_class", sa.Text(), nullable=False),
        sa.Column("objects", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("direction IN ('out', 'in')", name=op.f("ck_border_counts_direction")),
        sa.CheckConstraint(
            "kind IN ('crossing', 'storage', 'control', 'delivery', 'fetch', 'refused')",
            name=op.f("ck_border_counts_kind"),
        ),
        sa.PrimaryKeyConstraint(
            "day", "kind", "direction", "peer", "data_class", name=op.f("pk_border_counts")
        ),
    )
    op.create_table(
        "foreign_things",
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thing_id", sa.UUID(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("updated", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("media", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("gone_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('person', 'clip', 'comment')", name=op.f("ck_foreign_things_kind")),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_foreign_things")),
    )
    op.create_index("ix_foreign_things_thing_id", "foreign_things", ["thing_id"], unique=False)
    op.create_table(
        "consents",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column(
            "given_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_consents_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "peer", name=op.f("pk_consents")),
    )
    op.add_column("people", sa.Column("realm", sa.Text(), nullable=True))
    op.create_index(
        "ix_people_realm", "people", ["realm"], unique=False, postgresql_where=sa.text("realm IS NOT NULL")
    )


def downgrade():
    op.execute("DELETE FROM people WHERE realm IS NOT NULL")
    op.drop_index("ix_people_realm", table_name="people")
    op.drop_column("people", "realm")
    op.drop_table("consents")
    op.drop_table("foreign_things")
    op.drop_table("border_counts")
    op.drop_table("arrivals")
    op.drop_table("crossings")
    op.drop_table("crossing_batches")
    op.drop_table("peers")
