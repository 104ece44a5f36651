"""Tables of the rooms `media`, `sounds`, `clips` and `comments`."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, UUID
from sqlalchemy.types import BigInteger, Boolean, Integer, SmallInteger, Text

from reelm.models.declare import (
    ME,
    Audience,
    DataClass,
    abroad,
    acting,
    catalog,
    column,
    declare,
    everyone,
    member,
    mine,
    owner,
)
from reelm.models.people import NOT_BLOCKED, NOW, WHEN, person_id

PUBLIC_CLIP = "audience = 'everyone' AND status = 'ready' AND published_at IS NOT NULL"
CLIP_SEEN = "EXISTS (SELECT 1 FROM clips c WHERE c.id = {})"


def clip_id(name: str, data_class: DataClass, **options: object):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Column that refers to a clip and goes when the clip goes."""
    return column(name, UUID(), data_class, ForeignKey("clips.id", ondelete="CASCADE"), **options)


uploads = declare(
    "uploads",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("size_bytes", BigInteger(), DataClass.OPERATIONAL),
    column("received_bytes", BigInteger(), DataClass.OPERATIONAL, server_default="0"),
    column("parts", Integer(), DataClass.OPERATIONAL, server_default="0"),
    column("name_sealed", BYTEA(), DataClass.PRIVATE, nullable=True),
    column("declared_type", Text(), DataClass.OPERATIONAL, server_default=""),
    column("wrapped_key", BYTEA(), DataClass.OPERATIONAL),
    column("purpose", Text(), DataClass.OPERATIONAL, server_default="clip"),
    column("clip_id", UUID(), DataClass.OPERATIONAL, nullable=True),
    column("created_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    column("expires_at", WHEN, DataClass.OPERATIONAL),
    Index("ix_uploads_expires_at", "expires_at"),
    CheckConstraint("purpose IN ('clip', 'import')", name="purpose"),
    CheckConstraint("received_bytes <= size_bytes", name="not_over"),
    purpose="Files on their way in, so that a lost connection loses nothing.",
    retention="48 hours without a piece; once it is part of a clip, as long as the clip's original is kept.",
    audiences=[owner("person_id")],
    grants={"reelm_web": "SELECT, INSERT, UPDATE, DELETE", "reelm_worker": "SELECT, INSERT, UPDATE, DELETE"},
)

upload_parts = declare(
    "upload_parts",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("upload_id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("number", Integer(), DataClass.OPERATIONAL, primary_key=True),
    column("name", Text(), DataClass.OPERATIONAL),
    column("size_bytes", BigInteger(), DataClass.OPERATIONAL),
    purpose="The pieces of a file on its way in.",
    retention="As long as the upload.",
    audiences=[owner("person_id")],
    grants={"reelm_web": "SELECT, INSERT, DELETE", "reelm_worker": "SELECT, INSERT, DELETE"},
)

clips = declare(
    "clips",
    column("id", UUID(), DataClass.PUBLIC, primary_key=True),
    person_id("author_id", DataClass.PUBLIC),
    column("status", Text(), DataClass.PUBLIC),
    column("caption", Text(), DataClass.PUBLIC, server_default=""),
    column("tags", ARRAY(Text()), DataClass.PUBLIC, server_default="{}"),
    column("mentions", ARRAY(Text()), DataClass.PUBLIC, server_default="{}"),
    column("sound_id", UUID(), DataClass.PUBLIC, nullable=True),
    column("visibility", Text(), DataClass.PUBLIC),
    column("audience", Text(), DataClass.PUBLIC),
    column("allow_comments", Boolean(), DataClass.PUBLIC, server_default=text("true")),
    column("allow_download", Boolean(), DataClass.PUBLIC, server_default=text("false")),
    column("allow_sound_reuse", Boolean(), DataClass.PUBLIC, server_default=text("true")),
    column("label_ai", Boolean(), DataClass.PUBLIC, server_default=text("false")),
    column("label_paid", Boolean(), DataClass.PUBLIC, server_default=text("false")),
    column("language", Text(), DataClass.PUBLIC),
    column("draft", Boolean(), DataClass.PUBLIC, server_default=text("false")),
    column("publish_at", WHEN, DataClass.PUBLIC, nullable=True),
    column("created_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    column("published_at", WHEN, DataClass.PUBLIC, nullable=True),
    column("changed_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    column("media", JSONB(), DataClass.PUBLIC, nullable=True),
    column("sealed", Boolean(), DataClass.OPERATIONAL, server_default=text("true")),
    column("ladder_complete", Boolean(), DataClass.OPERATIONAL, server_default=text("false")),
    column("stage", Text(), DataClass.OPERATIONAL, server_default="received"),
    column("percent", SmallInteger(), DataClass.OPERATIONAL, server_default="0"),
    column("attempt", Integer(), DataClass.OPERATIONAL, server_default="1"),
    column("upload_id", UUID(), DataClass.OPERATIONAL, nullable=True),
    column("edit", JSONB(), DataClass.OPERATIONAL, server_default="{}"),
    column("keep_original", Boolean(), DataClass.OPERATIONAL, server_default=text("true")),
    column("imported", Boolean(), DataClass.OPERATIONAL, server_default=text("false")),
    column("sound_title", Text(), DataClass.PUBLIC, nullable=True),
    column("failure_code", Text(), DataClass.OPERATIONAL, nullable=True),
    column("failure_detail", Text(), DataClass.OPERATIONAL, nullable=True),
    Index("ix_clips_author_id_id", "author_id", "id"),
    Index("ix_clips_author_id_published_at_id", "author_id", "published_at", "id"),
    Index("ix_clips_sound_id_published_at", "sound_id", "published_at"),
    Index("ix_clips_changed_at", "changed_at"),
    Index("ix_clips_publish_at", "publish_at", postgresql_where=text("publish_at IS NOT NULL")),
    CheckConstraint("status IN ('draft', 'processing', 'ready', 'failed')", name="status"),
    CheckConstraint(
        "visibility IN ('everyone', 'followers', 'friends', 'close_friends', 'only_me')", name="visibility"
    ),
    CheckConstraint(
        "audience IN ('everyone', 'followers', 'friends', 'close_friends', 'only_me')", name="audience"
    ),
    purpose="What people publish.",
    retention="Until the author deletes the clip.",
    audiences=[
        owner("author_id"),
        member(
            f"status = 'ready' AND published_at IS NOT NULL AND author_id {NOT_BLOCKED} AND ("
            "audience = 'everyone' OR (audience IN ('followers', 'friends') AND EXISTS (SELECT 1 FROM follows f "
            f"WHERE f.follower_id = {ME} AND f.followee_id = clips.author_id AND f.state = 'accepted') AND ("
            "audience = 'followers' OR EXISTS (SELECT 1 FROM reelm.followers b WHERE b.follower_id = clips.author_id "
            "AND b.state = 'accepted'))) OR (audience = 'close_friends' "
            "AND author_id = ANY ((SELECT reelm.close_to())::uuid[])))",
            "audience",
        ),
        catalog(PUBLIC_CLIP),
        abroad(f"{PUBLIC_CLIP} AND EXISTS (SELECT 1 FROM people p WHERE p.id = clips.author_id)"),
    ],
    grants={
        "reelm_web": "SELECT, INSERT, UPDATE, DELETE",
        "reelm_worker": "SELECT, INSERT, UPDATE",
        "reelm_catalog": "SELECT (id, author_id, status, caption, tags, mentions, sound_id, visibility, audience, "
        "allow_comments, allow_download, allow_sound_reuse, label_ai, label_paid, language, draft, publish_at, "
        "created_at, published_at, changed_at, media)",
        "reelm_indexer": "SELECT (id, author_id, status, caption, tags, mentions, sound_id, visibility, audience, "
        "allow_comments, allow_download, allow_sound_reuse, label_ai, label_paid, language, draft, publish_at, "
        "created_at, published_at, changed_at, media)",
        "reelm_keys": "SELECT (id, author_id, status, published_at, audience)",
        "reelm_border": "SELECT (id, author_id, status, caption, tags, language, audience, label_ai, label_paid, "
        "allow_comments, allow_download, allow_sound_reuse, published_at, media)",
    },
)

clip_keys = declare(
    "clip_keys",
    clip_id("clip_id", DataClass.OPERATIONAL, primary_key=True),
    person_id("author_id", DataClass.OPERATIONAL),
    column("wrapped_key", BYTEA(), DataClass.OPERATIONAL),
    Index("ix_clip_keys_author_id", "author_id"),
    purpose="The key of a clip's sealed files, itself sealed under its author's key.",
    retention="As long as the clip.",
    audiences=[owner("author_id")],
    grants={"reelm_web": "SELECT, INSERT, DELETE", "reelm_worker": "SELECT, INSERT"},
)

clip_counters = declare(
    "clip_counters",
    clip_id("clip_id", DataClass.PUBLIC, primary_key=True),
    column("views", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("likes", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("comments", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("reposts", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("shares", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("finishes", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("skips", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("changed_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    Index("ix_clip_counters_changed_at", "changed_at"),
    purpose="How often a clip was seen, liked, commented, reposted and shared.",
    retention="As long as the clip.",
    audiences=[
        member(CLIP_SEEN.format("clip_counters.clip_id")),
        catalog(CLIP_SEEN.format("clip_counters.clip_id")),
    ],
    grants={
        "reelm_web": "SELECT",
        "reelm_worker": "SELECT",
        "reelm_catalog": "SELECT",
        "reelm_indexer": "SELECT",
    },
    postgresql_with={"fillfactor": "70"},
)

clip_tags = declare(
    "clip_tags",
    column("tag", Text(), DataClass.PUBLIC, primary_key=True),
    clip_id("clip_id", DataClass.PUBLIC, primary_key=True),
    column("published_at", WHEN, DataClass.PUBLIC, nullable=True),
    Index("ix_clip_tags_clip_id", "clip_id"),
    Index("ix_clip_tags_tag_published_at", "tag", "published_at"),
    purpose="Which tags a clip carries, so that a tag has a page.",
    retention="As long as the clip.",
    audiences=[
        member(CLIP_SEEN.format("clip_tags.clip_id")),
        catalog(CLIP_SEEN.format("clip_tags.clip_id")),
        Audience(
            "author",
            "ALL",
            f"EXISTS (SELECT 1 FROM clips c WHERE c.id = clip_tags.clip_id AND c.author_id = {ME})",
            f"EXISTS (SELECT 1 FROM clips c WHERE c.id = clip_tags.clip_id AND c.author_id = {ME})",
        ),
    ],
    grants={
        "reelm_web": "SELECT, INSERT, UPDATE, DELETE",
        "reelm_worker": "SELECT, INSERT, UPDATE, DELETE",
        "reelm_catalog": "SELECT",
    },
)

sounds = declare(
    "sounds",
    column("id", UUID(), DataClass.PUBLIC, primary_key=True),
    person_id("author_id", DataClass.PUBLIC),
    column("origin_clip_id", UUID(), DataClass.PUBLIC, ForeignKey("clips.id", ondelete="CASCADE")),
    column("title", Text(), DataClass.PUBLIC),
    column("duration_ms", Integer(), DataClass.PUBLIC),
    column("audio", Text(), DataClass.PUBLIC),
    column("waveform", BYTEA(), DataClass.PUBLIC),
    column("reusable", Boolean(), DataClass.PUBLIC, server_default=text("true")),
    column("cover", Text(), DataClass.PUBLIC, nullable=True),
    column("sealed", Boolean(), DataClass.PUBLIC, server_default=text("true")),
    column("uses", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("created_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    Index("ix_sounds_origin_clip_id", "origin_clip_id"),
    Index("ix_sounds_author_id", "author_id"),
    Index("ix_sounds_uses_id", "uses", "id", postgresql_where=text("reusable")),
    purpose="The reusable audio of a clip.",
    retention="As long as its first clip.",
    audiences=[
        owner("author_id"),
        member(CLIP_SEEN.format("sounds.origin_clip_id")),
        catalog(CLIP_SEEN.format("sounds.origin_clip_id")),
    ],
    grants={
        "reelm_web": "SELECT, UPDATE (title, reusable), DELETE",
        "reelm_worker": "SELECT, INSERT, UPDATE, DELETE",
        "reelm_catalog": "SELECT",
    },
)

likes = declare(
    "likes",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    clip_id("clip_id", DataClass.SOCIAL, primary_key=True),
    column("created_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    Index("ix_likes_clip_id_person_id", "clip_id", "person_id"),
    purpose="What a person liked.",
    retention="Until the person takes it back.",
    audiences=[
        Audience("owner", "SELECT", mine("person_id")),
        Audience("withdrawing", "DELETE", mine("person_id")),
        acting("person_id", CLIP_SEEN.format("clip_id")),
    ],
    grants={"reelm_web": "SELECT, INSERT (person_id, clip_id), DELETE", "reelm_worker": "SELECT"},
)

reposts = declare(
    "reposts",
    person_id("person_id", DataClass.PUBLIC, primary_key=True),
    clip_id("clip_id", DataClass.PUBLIC, primary_key=True),
    column("created_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    Index("ix_reposts_clip_id", "clip_id"),
    Index("ix_reposts_person_id_created_at", "person_id", "created_at"),
    purpose="What a person passed on to those who follow them.",
    retention="Until the person takes it back.",
    audiences=[
        # What a private account passes on is for its followers.
        everyone(
            f"person_id {NOT_BLOCKED} AND {CLIP_SEEN.format('reposts.clip_id')} AND (person_id = {ME} "
            "OR EXISTS (SELECT 1 FROM people p WHERE p.id = reposts.person_id AND NOT p.private) "
            f"OR EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = {ME} "
            "AND f.followee_id = reposts.person_id AND f.state = 'accepted'))"
        ),
        Audience("withdrawing", "DELETE", f"person_id = {ME}"),
        acting("person_id", CLIP_SEEN.format("clip_id")),
    ],
    grants={"reelm_web": "SELECT, INSERT (person_id, clip_id), DELETE"},
)

comments = declare(
    "comments",
    column("id", UUID(), DataClass.PUBLIC, primary_key=True),
    clip_id("clip_id", DataClass.PUBLIC),
    person_id("author_id", DataClass.PUBLIC),
    column(
        "parent_id", UUID(), DataClass.PUBLIC, ForeignKey("comments.id", ondelete="CASCADE"), nullable=True
    ),
    column("text", Text(), DataClass.PUBLIC),
    column("created_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    column("pinned_at", WHEN, DataClass.PUBLIC, nullable=True),
    column("hearted_at", WHEN, DataClass.PUBLIC, nullable=True),
    column("likes", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("replies", BigInteger(), DataClass.PUBLIC, server_default="0"),
    Index("ix_comments_clip_id_parent_id_id", "clip_id", "parent_id", "id"),
    Index("ix_comments_clip_id_likes", "clip_id", "likes"),
    Index("ix_comments_parent_id", "parent_id"),
    Index("ix_comments_author_id", "author_id"),
    Index("uq_comments_pinned", "clip_id", unique=True, postgresql_where=text("pinned_at IS NOT NULL")),
    purpose="What people say under a clip.",
    retention="Until its author or the clip's author deletes it.",
    audiences=[
        everyone(f"author_id {NOT_BLOCKED} AND {CLIP_SEEN.format('comments.clip_id')}"),
        acting(
            "author_id",
            f"EXISTS (SELECT 1 FROM clips c WHERE c.id = clip_id AND (c.allow_comments OR c.author_id = {ME}))",
        ),
        Audience(
            "clip_author",
            "UPDATE",
            f"EXISTS (SELECT 1 FROM clips c WHERE c.id = comments.clip_id AND c.author_id = {ME})",
            f"EXISTS (SELECT 1 FROM clips c WHERE c.id = comments.clip_id AND c.author_id = {ME})",
        ),
        Audience(
            "deleting",
            "DELETE",
            f"author_id = {ME} OR EXISTS (SELECT 1 FROM clips c WHERE c.id = comments.clip_id "
            f"AND c.author_id = {ME})",
        ),
        abroad(
            f"{CLIP_SEEN.format('comments.clip_id')} "
            "AND EXISTS (SELECT 1 FROM people p WHERE p.id = comments.author_id)"
        ),
    ],
    grants={
        "reelm_web": "SELECT, INSERT (id, clip_id, author_id, parent_id, text), UPDATE (pinned_at, hearted_at), "
        "DELETE",
        "reelm_border": "SELECT (id, clip_id, author_id, parent_id, text, created_at)",
    },
)

comment_likes = declare(
    "comment_likes",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    column(
        "comment_id",
        UUID(),
        DataClass.SOCIAL,
        ForeignKey("comments.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    column("created_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    Index("ix_comment_likes_comment_id_person_id", "comment_id", "person_id"),
    purpose="Which comments a person liked.",
    retention="Until the person takes it back.",
    audiences=[
        Audience("owner", "SELECT", mine("person_id")),
        Audience("withdrawing", "DELETE", mine("person_id")),
        acting("person_id", "EXISTS (SELECT 1 FROM comments c WHERE c.id = comment_id)"),
    ],
    grants={"reelm_web": "SELECT, INSERT (person_id, comment_id), DELETE"},
)
