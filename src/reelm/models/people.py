"""Tables of the rooms `accounts` and `social`: people, what only they may see of themselves, and ties."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP, UUID
from sqlalchemy.types import BigInteger, Boolean, Text

from reelm.models.declare import (
    ME,
    Audience,
    DataClass,
    abroad,
    catalog,
    column,
    declare,
    everyone,
    member,
    mine,
    owner,
)

WHEN = TIMESTAMP(timezone=True)
NOW = text("now()")
ME_BLOCKED_BY = "(SELECT reelm.blocked_by())"
NOT_BLOCKED = "<> ALL ((SELECT reelm.blocks_either_way())::uuid[])"


def person_id(name: str, data_class: DataClass, **options: object):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Column that refers to a person and goes when the person goes."""
    return column(name, UUID(), data_class, ForeignKey("people.id", ondelete="CASCADE"), **options)


people = declare(
    "people",
    column("id", UUID(), DataClass.PUBLIC, primary_key=True),
    column("handle", Text(), DataClass.PUBLIC),
    column("handle_key", Text(), DataClass.PUBLIC, unique=True),
    column("display_name", Text(), DataClass.PUBLIC),
    column("bio", Text(), DataClass.PUBLIC, server_default=""),
    column("avatar", Text(), DataClass.PUBLIC, nullable=True),
    column("private", Boolean(), DataClass.PUBLIC, server_default=text("false")),
    column("followers", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("following", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("clips", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("likes", BigInteger(), DataClass.PUBLIC, server_default="0"),
    # Which other realm is this person's home; NULL for the people of this one.
    column("realm", Text(), DataClass.PUBLIC, nullable=True),
    column("created_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    Index("ix_people_realm", "realm", postgresql_where=text("realm IS NOT NULL")),
    purpose="The profile a person shows to others.",
    retention="Until the person erases the account.",
    audiences=[
        owner("id"),
        everyone(f"id <> ALL ({ME_BLOCKED_BY}::uuid[])"),
        catalog(),
        # What other realms are answered: this realm's own people, as somebody signed out sees them.
        abroad("realm IS NULL"),
    ],
    grants={
        "reelm_web": "SELECT, INSERT (id, handle, handle_key, display_name, bio, avatar, private), "
        "UPDATE (handle, handle_key, display_name, bio, avatar, private), DELETE",
        "reelm_worker": "SELECT, UPDATE (display_name, bio, avatar, private)",
        "reelm_catalog": "SELECT",
        "reelm_keys": "SELECT (id)",
        "reelm_border": "SELECT (id, handle, handle_key, display_name, bio, avatar, private, followers, created_at)",
    },
)

person_details = declare(
    "person_details",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("birth_date_sealed", BYTEA(), DataClass.IDENTITY),
    column("country_sealed", BYTEA(), DataClass.IDENTITY),
    column("email_sealed", BYTEA(), DataClass.IDENTITY, nullable=True),
    column("email_index", BYTEA(), DataClass.IDENTITY, nullable=True, unique=True),
    column("phone_sealed", BYTEA(), DataClass.IDENTITY, nullable=True),
    column("phone_index", BYTEA(), DataClass.IDENTITY, nullable=True, unique=True),
    column("age_band", Text(), DataClass.DERIVED),
    column("jurisdiction", Text(), DataClass.OPERATIONAL),
    column("language", Text(), DataClass.OPERATIONAL),
    column("role", Text(), DataClass.OPERATIONAL, server_default="person"),
    CheckConstraint("age_band IN ('under16', '16to17', 'adult')", name="age_band"),
    CheckConstraint("role IN ('person', 'operator')", name="role"),
    purpose="What the law and the service need to know of a person: age, residence, how to reach them.",
    retention="Until the person erases the account; e-mail and phone until the person removes them.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, birth_date_sealed, country_sealed, email_sealed, email_index, "
        "phone_sealed, phone_index, age_band, jurisdiction, language), "
        "UPDATE (birth_date_sealed, country_sealed, email_sealed, email_index, phone_sealed, phone_index, "
        "age_band, jurisdiction, language)",
        "reelm_worker": "SELECT (person_id, language), UPDATE (language)",
    },
)

blocks = declare(
    "blocks",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    person_id("blocked_id", DataClass.SOCIAL, primary_key=True),
    column("created_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    Index("ix_blocks_blocked_id_person_id", "blocked_id", "person_id"),
    CheckConstraint("person_id <> blocked_id", name="not_oneself"),
    purpose="Whom a person does not want to meet.",
    retention="Until the person lifts the block.",
    audiences=[owner("person_id")],
    grants={"reelm_web": "SELECT, INSERT (person_id, blocked_id), DELETE"},
)

follows = declare(
    "follows",
    person_id("follower_id", DataClass.SOCIAL, primary_key=True),
    person_id("followee_id", DataClass.SOCIAL, primary_key=True),
    column("state", Text(), DataClass.SOCIAL),
    column("created_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    Index("ix_follows_followee_id_created_at_follower_id", "followee_id", "created_at", "follower_id"),
    CheckConstraint("state IN ('requested', 'accepted')", name="state"),
    CheckConstraint("follower_id <> followee_id", name="not_oneself"),
    purpose="Whom a person follows, and who asked to.",
    retention="Until either side ends it.",
    audiences=[
        # The one who is followed has the view `reelm.followers`: see there why this is not one condition.
        Audience("follower", "SELECT", mine("follower_id")),
        Audience(
            "asking",
            "INSERT",
            "",
            f"follower_id = {ME} AND followee_id {NOT_BLOCKED} AND (state = 'requested' OR EXISTS "
            "(SELECT 1 FROM people p WHERE p.id = followee_id AND NOT p.private))",
        ),
        Audience("ending", "DELETE", mine("follower_id")),
    ],
    grants={
        "reelm_web": "SELECT, INSERT (follower_id, followee_id, state), DELETE",
        "reelm_worker": "SELECT, INSERT (follower_id, followee_id, state)",
        "reelm_keys": "SELECT (follower_id, followee_id, state)",
    },
)

notices = declare(
    "notices",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    column("id", UUID(), DataClass.SOCIAL, primary_key=True),
    column("kind", Text(), DataClass.SOCIAL),
    person_id("actor_id", DataClass.SOCIAL, nullable=True),
    column("clip_id", UUID(), DataClass.SOCIAL, ForeignKey("clips.id", ondelete="CASCADE"), nullable=True),
    column(
        "comment_id", UUID(), DataClass.SOCIAL, ForeignKey("comments.id", ondelete="CASCADE"), nullable=True
    ),
    column("created_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    column("read_at", WHEN, DataClass.SOCIAL, nullable=True),
    # How many of each kind a digest sums up; nothing else has it.
    column("counts", JSONB(), DataClass.SOCIAL, nullable=True),
    Index("ix_notices_unread", "person_id", "id", postgresql_where=text("read_at IS NULL")),
    Index("ix_notices_clip_id_person_id", "clip_id", "person_id"),
    Index("ix_notices_comment_id_person_id", "comment_id", "person_id"),
    Index("ix_notices_actor_id_person_id", "actor_id", "person_id"),
    purpose="What happened that a person wants to hear of.",
    retention="90 days.",
    audiences=[
        # What a notice is about may have been hidden from the person since: then the notice is, too.
        member(
            f"{mine('person_id')} AND (clip_id IS NULL "
            "OR EXISTS (SELECT 1 FROM clips c WHERE c.id = notices.clip_id))",
            "reader",
        ),
        Audience("reading", "UPDATE", mine("person_id"), mine("person_id")),
        Audience("clearing", "DELETE", mine("person_id")),
        Audience(
            "telling",
            "INSERT",
            "",
            f"(actor_id = {ME} AND person_id {NOT_BLOCKED}) OR (actor_id IS NULL AND person_id = {ME})",
        ),
    ],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, id, kind, actor_id, clip_id, comment_id, created_at), "
        "UPDATE (read_at), DELETE",
        "reelm_worker": "SELECT, INSERT (person_id, id, kind, actor_id, clip_id, comment_id, created_at, counts)",
    },
)

invitations = declare(
    "invitations",
    column("token_hash", BYTEA(), DataClass.OPERATIONAL, primary_key=True),
    column("role", Text(), DataClass.OPERATIONAL),
    column("expires_at", WHEN, DataClass.OPERATIONAL),
    column("used_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    purpose="One-time links with which an operator's account is made.",
    retention="90 days after expiry.",
    audiences=[],
    grants={},
)

answers = declare(
    "answers",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("key", Text(), DataClass.OPERATIONAL, primary_key=True),
    column("request_digest", BYTEA(), DataClass.OPERATIONAL),
    column("reference", UUID(), DataClass.OPERATIONAL),
    column("created_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    purpose="What a request with an idempotency key made, so that a retry makes nothing twice.",
    retention="48 hours.",
    audiences=[owner("person_id")],
    grants={"reelm_web": "SELECT, INSERT (person_id, key, request_digest, reference), DELETE"},
)
