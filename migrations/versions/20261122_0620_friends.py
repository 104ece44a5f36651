"""Close friends, invites, what friends show each other, collections

The constraints that name whom a clip can be for are replaced; no clip that exists changes. The downgrade makes clips
for close friends visible to their authors only, and forgets the rest.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0620"
down_revision = "20261122_0610"
branch_labels = None
depends_on = None

_BEFORE = "('everyone', 'followers', 'friends', 'only_me')"
_AFTER = "('everyone', 'followers', 'friends', 'close_friends', 'only_me')"
_WHEN = postgresql.TIMESTAMP(timezone=True)


def _of_person(table, name="person_id"):
    return sa.ForeignKeyConstraint([name], ["people.id"], name=op.f(f"fk_{table}_{name}"), ondelete="CASCADE")


def _of_clip(table):
    return sa.ForeignKeyConstraint(
        ["clip_id"], ["clips.id"], name=op.f(f"fk_{table}_clip_id"), ondelete="CASCADE"
    )


def _now(name):
    return sa.Column(name, _WHEN, server_default=sa.text("now()"), nullable=False)


def _audiences(allowed):
    for name in ("visibility", "audience"):
        op.drop_constraint(op.f(f"ck_clips_{name}"), "clips", type_="check")
        op.create_check_constraint(op.f(f"ck_clips_{name}"), "clips", f"{name} IN {allowed}")


def upgrade():
    _audiences(_AFTER)
    _friends()
    _acts()
    _collections()


def _friends():
    op.create_table(
        "close_friends",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("friend_id", sa.UUID(), nullable=False),
        _now("created_at"),
        sa.CheckConstraint("person_id <> friend_id", name=op.f("ck_close_friends_not_oneself")),
        _of_person("close_friends"),
        _of_person("close_friends", "friend_id"),
        sa.PrimaryKeyConstraint("person_id", "friend_id", name=op.f("pk_close_friends")),
    )
    op.create_index("ix_close_friends_friend_id_person_id", "close_friends", ["friend_id", "person_id"])
    op.create_table(
        "friend_invites",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code_digest", postgresql.BYTEA(), nullable=False),
        sa.Column("code_sealed", postgresql.BYTEA(), nullable=False),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        _now("created_at"),
        sa.Column("expires_at", _WHEN, nullable=False),
        _of_person("friend_invites"),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_friend_invites")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_friend_invites_code_digest")),
    )
    op.create_index("ix_friend_invites_expires_at", "friend_invites", ["expires_at"])


def _acts():
    op.create_table(
        "social_settings",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("share_activity", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("show_activity", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _of_person("social_settings"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_social_settings")),
    )
    op.create_table(
        "friend_acts",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("clip_id", sa.UUID(), nullable=True),
        sa.Column("other_id", sa.UUID(), nullable=True),
        _now("at"),
        sa.CheckConstraint("kind IN ('liked', 'reposted', 'followed')", name=op.f("ck_friend_acts_kind")),
        sa.CheckConstraint("num_nonnulls(clip_id, other_id) = 1", name=op.f("ck_friend_acts_one_thing")),
        _of_person("friend_acts"),
        _of_person("friend_acts", "other_id"),
        _of_clip("friend_acts"),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_friend_acts")),
    )
    op.create_index("ix_friend_acts_person_id_at_id", "friend_acts", ["person_id", "at", "id"])
    op.create_index("ix_friend_acts_clip_id_person_id", "friend_acts", ["clip_id", "person_id"])
    op.create_index("ix_friend_acts_other_id_person_id", "friend_acts", ["other_id", "person_id"])
    op.create_index("ix_friend_acts_at", "friend_acts", ["at"])


def _collections():
    op.create_table(
        "collections",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        _now("created_at"),
        _now("changed_at"),
        sa.CheckConstraint("kind IN ('saved', 'set')", name=op.f("ck_collections_kind")),
        sa.CheckConstraint(
            "visibility IN ('only_me', 'friends', 'everyone')", name=op.f("ck_collections_visibility")
        ),
        sa.CheckConstraint(
            "kind = 'set' OR visibility = 'only_me'", name=op.f("ck_collections_saved_is_own")
        ),
        _of_person("collections"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
    )
    op.create_index(
        "ix_collections_person_id_changed_at_id", "collections", ["person_id", "changed_at", "id"]
    )
    op.create_index(
        "uq_collections_saved",
        "collections",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'saved'"),
    )
    op.create_table(
        "collected_clips",
        sa.Column("collection_id", sa.UUID(), nullable=False),
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _now("added_at"),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collections.id"],
            name=op.f("fk_collected_clips_collection_id"),
            ondelete="CASCADE",
        ),
        _of_clip("collected_clips"),
        _of_person("collected_clips"),
        sa.PrimaryKeyConstraint("collection_id", "clip_id", name=op.f("pk_collected_clips")),
    )
    op.create_index(
        "ix_collected_clips_collection_id_position", "collected_clips", ["collection_id", "position"]
    )
    op.create_index("ix_collected_clips_clip_id", "collected_clips", ["clip_id"])
    op.create_index("ix_collected_clips_person_id_clip_id", "collected_clips", ["person_id", "clip_id"])


def downgrade():
    for table in (
        "collected_clips",
        "collections",
        "friend_acts",
        "social_settings",
        "friend_invites",
        "close_friends",
    ):
        op.drop_table(table)
    op.execute("UPDATE clips SET visibility = 'only_me' WHERE visibility = 'close_friends'")
    op.execute("UPDATE clips SET audience = 'only_me' WHERE audience = 'close_friends'")
    _audiences(_BEFORE)
