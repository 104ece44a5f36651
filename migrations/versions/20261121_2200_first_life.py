"""First life: people, clips, ties, watching

Reversible: the downgrade drops every table, and with them all data.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_2200"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():

    op.create_table(
        "invitations",
        sa.Column("token_hash", postgresql.BYTEA(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitations")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("handle_key", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("bio", sa.Text(), server_default="", nullable=False),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("private", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("followers", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("following", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("clips", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("likes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("handle_key", name=op.f("uq_people_handle_key")),
    )
    op.create_table(
        "search_terms",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "term", name=op.f("pk_search_terms")),
    )
    op.create_index(
        "ix_search_terms_kind_term",
        "search_terms",
        ["kind", "term"],
        unique=False,
        postgresql_ops={"term": "text_pattern_ops"},
    )
    op.create_index(
        "ix_search_terms_trigrams",
        "search_terms",
        ["term"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"term": "gin_trgm_ops"},
    )
    op.create_table(
        "search_words",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("weight", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("kind IN ('person', 'clip', 'sound', 'tag')", name=op.f("ck_search_words_kind")),
        sa.PrimaryKeyConstraint("kind", "reference", name=op.f("pk_search_words")),
    )
    op.create_index(
        "ix_search_words_kind_weight_reference", "search_words", ["kind", "weight", "reference"], unique=False
    )
    op.create_index(
        "ix_search_words_terms_clip",
        "search_words",
        ["terms"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind = 'clip'"),
    )
    op.create_index(
        "ix_search_words_terms_person",
        "search_words",
        ["terms"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind = 'person'"),
    )
    op.create_index(
        "ix_search_words_terms_sound",
        "search_words",
        ["terms"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind = 'sound'"),
    )
    op.create_index(
        "ix_search_words_terms_tag",
        "search_words",
        ["terms"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind = 'tag'"),
    )
    op.create_table(
        "answers",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", postgresql.BYTEA(), nullable=False),
        sa.Column("reference", sa.UUID(), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_answers_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_answers")),
    )
    op.create_table(
        "blocks",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("blocked_id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("person_id <> blocked_id", name=op.f("ck_blocks_not_oneself")),
        sa.ForeignKeyConstraint(
            ["blocked_id"], ["people.id"], name=op.f("fk_blocks_blocked_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_blocks_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "blocked_id", name=op.f("pk_blocks")),
    )
    op.create_index("ix_blocks_blocked_id_person_id", "blocks", ["blocked_id", "person_id"], unique=False)
    op.create_table(
        "clips",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("caption", sa.Text(), server_default="", nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("mentions", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("sound_id", sa.UUID(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("allow_comments", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("allow_download", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("allow_sound_reuse", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("label_ai", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("label_paid", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("draft", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("publish_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "changed_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("media", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sealed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("ladder_complete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("stage", sa.Text(), server_default="received", nullable=False),
        sa.Column("percent", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column("upload_id", sa.UUID(), nullable=True),
        sa.Column("edit", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("keep_original", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("sound_title", sa.Text(), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "audience IN ('everyone', 'followers', 'friends', 'only_me')", name=op.f("ck_clips_audience")
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'processing', 'ready', 'failed')", name=op.f("ck_clips_status")
        ),
        sa.CheckConstraint(
            "visibility IN ('everyone', 'followers', 'friends', 'only_me')", name=op.f("ck_clips_visibility")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["people.id"], name=op.f("fk_clips_author_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clips")),
    )
    op.create_index("ix_clips_author_id_id", "clips", ["author_id", "id"], unique=False)
    op.create_index(
        "ix_clips_author_id_published_at_id", "clips", ["author_id", "published_at", "id"], unique=False
    )
    op.create_index("ix_clips_changed_at", "clips", ["changed_at"], unique=False)
    op.create_index(
        "ix_clips_publish_at",
        "clips",
        ["publish_at"],
        unique=False,
        postgresql_where=sa.text("publish_at IS NOT NULL"),
    )
    op.create_index("ix_clips_sound_id_published_at", "clips", ["sound_id", "published_at"], unique=False)
    op.create_table(
        "follows",
        sa.Column("follower_id", sa.UUID(), nullable=False),
        sa.Column("followee_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("state IN ('requested', 'accepted')", name=op.f("ck_follows_state")),
        sa.CheckConstraint("follower_id <> followee_id", name=op.f("ck_follows_not_oneself")),
        sa.ForeignKeyConstraint(
            ["followee_id"], ["people.id"], name=op.f("fk_follows_followee_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"], ["people.id"], name=op.f("fk_follows_follower_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("follower_id", "followee_id", name=op.f("pk_follows")),
    )
    op.create_index(
        "ix_follows_followee_id_created_at_follower_id",
        "follows",
        ["followee_id", "created_at", "follower_id"],
        unique=False,
    )
    op.create_table(
        "person_details",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("birth_date_sealed", postgresql.BYTEA(), nullable=False),
        sa.Column("country_sealed", postgresql.BYTEA(), nullable=False),
        sa.Column("email_sealed", postgresql.BYTEA(), nullable=True),
        sa.Column("email_index", postgresql.BYTEA(), nullable=True),
        sa.Column("phone_sealed", postgresql.BYTEA(), nullable=True),
        sa.Column("phone_index", postgresql.BYTEA(), nullable=True),
        sa.Column("age_band", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default="person", nullable=False),
        sa.CheckConstraint(
            "age_band IN ('under16', '16to17', 'adult')", name=op.f("ck_person_details_age_band")
        ),
        sa.CheckConstraint("role IN ('person', 'operator')", name=op.f("ck_person_details_role")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_person_details_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_details")),
        sa.UniqueConstraint("email_index", name=op.f("uq_person_details_email_index")),
        sa.UniqueConstraint("phone_index", name=op.f("uq_person_details_phone_index")),
    )
    op.create_table(
        "upload_parts",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("upload_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_upload_parts_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "upload_id", "number", name=op.f("pk_upload_parts")),
    )
    op.create_table(
        "uploads",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("parts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("name_sealed", postgresql.BYTEA(), nullable=True),
        sa.Column("declared_type", sa.Text(), server_default="", nullable=False),
        sa.Column("wrapped_key", postgresql.BYTEA(), nullable=False),
        sa.Column("clip_id", sa.UUID(), nullable=True),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("received_bytes <= size_bytes", name=op.f("ck_uploads_not_over")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_uploads_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"], unique=False)
    op.create_table(
        "watch_events",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("watched_ms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("position_ms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "stored_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "kind IN ('impression', 'progress', 'loop', 'finish', 'skip', 'like', 'share', 'not_interested')",
            name=op.f("ck_watch_events_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_watch_events_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "at", "id", name=op.f("pk_watch_events")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "clip_counters",
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column("views", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("likes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("comments", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reposts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("shares", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("finishes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("skips", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "changed_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_clip_counters_clip_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("clip_id", name=op.f("pk_clip_counters")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("ix_clip_counters_changed_at", "clip_counters", ["changed_at"], unique=False)
    op.create_table(
        "clip_keys",
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=False),
        sa.Column("wrapped_key", postgresql.BYTEA(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["people.id"], name=op.f("fk_clip_keys_author_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_clip_keys_clip_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("clip_id", name=op.f("pk_clip_keys")),
    )
    op.create_index("ix_clip_keys_author_id", "clip_keys", ["author_id"], unique=False)
    op.create_table(
        "clip_tags",
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_clip_tags_clip_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tag", "clip_id", name=op.f("pk_clip_tags")),
    )
    op.create_index("ix_clip_tags_clip_id", "clip_tags", ["clip_id"], unique=False)
    op.create_index("ix_clip_tags_tag_published_at", "clip_tags", ["tag", "published_at"], unique=False)
    op.create_table(
        "comments",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=False),
        sa.Column("parent_id", sa.UUID(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("pinned_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("hearted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("likes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("replies", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["people.id"], name=op.f("fk_comments_author_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_comments_clip_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["comments.id"], name=op.f("fk_comments_parent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index("ix_comments_author_id", "comments", ["author_id"], unique=False)
    op.create_index("ix_comments_clip_id_likes", "comments", ["clip_id", "likes"], unique=False)
    op.create_index(
        "ix_comments_clip_id_parent_id_id", "comments", ["clip_id", "parent_id", "id"], unique=False
    )
    op.create_index("ix_comments_parent_id", "comments", ["parent_id"], unique=False)
    op.create_index(
        "uq_comments_pinned",
        "comments",
        ["clip_id"],
        unique=True,
        postgresql_where=sa.text("pinned_at IS NOT NULL"),
    )
    op.create_table(
        "likes",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["clip_id"], ["clips.id"], name=op.f("fk_likes_clip_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_likes_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "clip_id", name=op.f("pk_likes")),
    )
    op.create_index("ix_likes_clip_id_person_id", "likes", ["clip_id", "person_id"], unique=False)
    op.create_table(
        "reposts",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("clip_id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_reposts_clip_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_reposts_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "clip_id", name=op.f("pk_reposts")),
    )
    op.create_index("ix_reposts_clip_id", "reposts", ["clip_id"], unique=False)
    op.create_index("ix_reposts_person_id_created_at", "reposts", ["person_id", "created_at"], unique=False)
    op.create_table(
        "sounds",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=False),
        sa.Column("origin_clip_id", sa.UUID(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("audio", sa.Text(), nullable=False),
        sa.Column("waveform", postgresql.BYTEA(), nullable=False),
        sa.Column("reusable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("cover", sa.Text(), nullable=True),
        sa.Column("sealed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("uses", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["people.id"], name=op.f("fk_sounds_author_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["origin_clip_id"], ["clips.id"], name=op.f("fk_sounds_origin_clip_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sounds")),
    )
    op.create_index("ix_sounds_author_id", "sounds", ["author_id"], unique=False)
    op.create_index("ix_sounds_origin_clip_id", "sounds", ["origin_clip_id"], unique=False)
    op.create_index(
        "ix_sounds_uses_id", "sounds", ["uses", "id"], unique=False, postgresql_where=sa.text("reusable")
    )
    op.create_table(
        "comment_likes",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("comment_id", sa.UUID(), nullable=False),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_comment_likes_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_comment_likes_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "comment_id", name=op.f("pk_comment_likes")),
    )
    op.create_index(
        "ix_comment_likes_comment_id_person_id", "comment_likes", ["comment_id", "person_id"], unique=False
    )
    op.create_table(
        "notices",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("clip_id", sa.UUID(), nullable=True),
        sa.Column("comment_id", sa.UUID(), nullable=True),
        sa.Column(
            "created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("read_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["people.id"], name=op.f("fk_notices_actor_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clips.id"], name=op.f("fk_notices_clip_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_notices_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_notices_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_actor_id_person_id", "notices", ["actor_id", "person_id"], unique=False)
    op.create_index("ix_notices_clip_id_person_id", "notices", ["clip_id", "person_id"], unique=False)
    op.create_index("ix_notices_comment_id_person_id", "notices", ["comment_id", "person_id"], unique=False)
    op.create_index(
        "ix_notices_unread",
        "notices",
        ["person_id", "id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )


def downgrade():

    op.drop_index("ix_notices_unread", table_name="notices", postgresql_where=sa.text("read_at IS NULL"))
    op.drop_index("ix_notices_comment_id_person_id", table_name="notices")
    op.drop_index("ix_notices_clip_id_person_id", table_name="notices")
    op.drop_index("ix_notices_actor_id_person_id", table_name="notices")
    op.drop_table("notices")
    op.drop_index("ix_comment_likes_comment_id_person_id", table_name="comment_likes")
    op.drop_table("comment_likes")
    op.drop_index("ix_sounds_uses_id", table_name="sounds", postgresql_where=sa.text("reusable"))
    op.drop_index("ix_sounds_origin_clip_id", table_name="sounds")
    op.drop_index("ix_sounds_author_id", table_name="sounds")
    op.drop_table("sounds")
    op.drop_index("ix_reposts_person_id_created_at", table_name="reposts")
    op.drop_index("ix_reposts_clip_id", table_name="reposts")
    op.drop_table("reposts")
    op.drop_index("ix_likes_clip_id_person_id", table_name="likes")
    op.drop_table("likes")
    op.drop_index(
        "uq_comments_pinned", table_name="comments", postgresql_where=sa.text("pinned_at IS NOT NULL")
    )
    op.drop_index("ix_comments_parent_id", table_name="comments")
    op.drop_index("ix_comments_clip_id_parent_id_id", table_name="comments")
    op.drop_index("ix_comments_clip_id_likes", table_name="comments")
    op.drop_index("ix_comments_author_id", table_name="comments")
    op.drop_table("comments")
    op.drop_index("ix_clip_tags_tag_published_at", table_name="clip_tags")
    op.drop_index("ix_clip_tags_clip_id", table_name="clip_tags")
    op.drop_table("clip_tags")
    op.drop_index("ix_clip_keys_author_id", table_name="clip_keys")
    op.drop_table("clip_keys")
    op.drop_index("ix_clip_counters_changed_at", table_name="clip_counters")
    op.drop_table("clip_counters")
    op.drop_table("watch_events")
    op.drop_index("ix_uploads_expires_at", table_name="uploads")
    op.drop_table("uploads")
    op.drop_table("upload_parts")
    op.drop_table("person_details")
    op.drop_index("ix_follows_followee_id_created_at_follower_id", table_name="follows")
    op.drop_table("follows")
    op.drop_index("ix_clips_sound_id_published_at", table_name="clips")
    op.drop_index(
        "ix_clips_publish_at", table_name="clips", postgresql_where=sa.text("publish_at IS NOT NULL")
    )
    op.drop_index("ix_clips_changed_at", table_name="clips")
    op.drop_index("ix_clips_author_id_published_at_id", table_name="clips")
    op.drop_index("ix_clips_author_id_id", table_name="clips")
    op.drop_table("clips")
    op.drop_index("ix_blocks_blocked_id_person_id", table_name="blocks")
    op.drop_table("blocks")
    op.drop_table("answers")
    op.drop_index(
        "ix_search_words_terms_tag",
        table_name="search_words",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind = 'tag'"),
    )
    op.drop_index(
        "ix_search_words_terms_sound",
        table_name="search_words",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind = 'sound'"),
    )
    op.drop_index(
        "ix_search_words_terms_person",
        table_name="search_words",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind = 'person'"),
    )
    op.drop_index(
        "ix_search_words_terms_clip",
        table_name="search_words",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind = 'clip'"),
    )
    op.drop_index("ix_search_words_kind_weight_reference", table_name="search_words")
    op.drop_table("search_words")
    op.drop_index(
        "ix_search_terms_trigrams",
        table_name="search_terms",
        postgresql_using="gin",
        postgresql_ops={"term": "gin_trgm_ops"},
    )
    op.drop_index(
        "ix_search_terms_kind_term", table_name="search_terms", postgresql_ops={"term": "text_pattern_ops"}
    )
    op.drop_table("search_terms")
    op.drop_table("people")
    op.drop_table("invitations")
