"""Tables of the rooms `social`, `activity` and `collections`: what friends share with each other."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import BYTEA, UUID
from sqlalchemy.types import BigInteger, Boolean, Integer, Text

from reelm.models.clips import CLIP_SEEN, clip_id
from reelm.models.declare import ME, Audience, DataClass, acting, column, declare, member, mine, owner
from reelm.models.people import NOT_BLOCKED, NOW, WHEN, person_id

# Whether the subject and the person named by a column follow one another.
FRIENDS = (
    f"EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = {ME} AND f.followee_id = {{0}} AND f.state = 'accepted') "
    "AND EXISTS (SELECT 1 FROM reelm.followers b WHERE b.follower_id = {0} AND b.state = 'accepted')"
)
_FOLLOWED = (
    f"EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = {ME} AND f.followee_id = {{0}} "
    "AND f.state = 'accepted')"
)

close_friends = declare(
    "close_friends",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    person_id("friend_id", DataClass.SOCIAL, primary_key=True),
    column("created_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    Index("ix_close_friends_friend_id_person_id", "friend_id", "person_id"),
    CheckConstraint("person_id <> friend_id", name="not_oneself"),
    purpose="Which friends see the clips a person makes for close friends.",
    retention="Until the person takes them off the list, or they are no longer friends.",
    audiences=[
        Audience("owner", "SELECT", mine("person_id")),
        Audience("removing", "DELETE", mine("person_id")),
        # A friend of another realm isn't shown what is not for everyone, so there is no place for them here.
        acting(
            "person_id",
            f"{FRIENDS.format('friend_id')} "
            "AND EXISTS (SELECT 1 FROM people p WHERE p.id = friend_id AND p.realm IS NULL)",
        ),
    ],
    grants={"reelm_web": "SELECT, INSERT (person_id, friend_id), DELETE"},
)

friend_invites = declare(
    "friend_invites",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    column("id", UUID(), DataClass.SOCIAL, primary_key=True),
    # By the digest an invite is found; the code itself only its owner can read.
    column("code_digest", BYTEA(), DataClass.OPERATIONAL, unique=True),
    column("code_sealed", BYTEA(), DataClass.PRIVATE),
    column("uses", Integer(), DataClass.SOCIAL, server_default="0"),
    column("created_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    column("expires_at", WHEN, DataClass.SOCIAL),
    Index("ix_friend_invites_expires_at", "expires_at"),
    purpose="Links and codes with which others become a person's friends.",
    retention="A day after they ran out, or until the person takes them back.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, id, code_digest, code_sealed, created_at, expires_at), DELETE"
    },
)

social_settings = declare(
    "social_settings",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("share_activity", Boolean(), DataClass.OPERATIONAL, server_default=text("false")),
    column("show_activity", Boolean(), DataClass.OPERATIONAL, server_default=text("false")),
    purpose="Whether friends hear what a person likes, and whether the person wants to hear it of them.",
    retention="Until the person changes it.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, share_activity, show_activity), "
        "UPDATE (share_activity, show_activity)"
    },
)

friend_acts = declare(
    "friend_acts",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    column("id", UUID(), DataClass.SOCIAL, primary_key=True, server_default=text("gen_random_uuid()")),
    column("kind", Text(), DataClass.SOCIAL),
    clip_id("clip_id", DataClass.SOCIAL, nullable=True),
    person_id("other_id", DataClass.SOCIAL, nullable=True),
    column("at", WHEN, DataClass.SOCIAL, server_default=NOW),
    Index("ix_friend_acts_person_id_at_id", "person_id", "at", "id"),
    Index("ix_friend_acts_clip_id_person_id", "clip_id", "person_id"),
    Index("ix_friend_acts_other_id_person_id", "other_id", "person_id"),
    Index("ix_friend_acts_at", "at"),
    CheckConstraint("kind IN ('liked', 'reposted', 'followed')", name="kind"),
    CheckConstraint("num_nonnulls(clip_id, other_id) = 1", name="one_thing"),
    purpose="What a person who chose to show it to friends liked, passed on, and whom they followed.",
    retention="30 days; all of it goes when the person stops showing it.",
    audiences=[
        # Who is on a list of close friends isn't told by what they like there; a private account's ties are its own.
        Audience(
            "friend",
            "SELECT",
            f"person_id {NOT_BLOCKED} AND {FRIENDS.format('friend_acts.person_id')} AND (clip_id IS NULL OR EXISTS "
            "(SELECT 1 FROM clips c WHERE c.id = friend_acts.clip_id AND c.audience IN ('everyone', 'followers', "
            "'friends'))) AND (other_id IS NULL OR EXISTS (SELECT 1 FROM people p WHERE p.id = friend_acts.other_id "
            "AND NOT p.private))",
        ),
    ],
    grants={"reelm_web": "SELECT"},
)

_VISIBLE = (
    f"person_id {NOT_BLOCKED} AND ((visibility = 'everyone' AND (EXISTS (SELECT 1 FROM people p "
    f"WHERE p.id = collections.person_id AND NOT p.private) OR {_FOLLOWED.format('collections.person_id')})) "
    f"OR (visibility = 'friends' AND {FRIENDS.format('collections.person_id')}))"
)

collections = declare(
    "collections",
    column("id", UUID(), DataClass.SOCIAL, primary_key=True),
    person_id("person_id", DataClass.SOCIAL),
    column("kind", Text(), DataClass.SOCIAL),
    column("title", Text(), DataClass.SOCIAL, server_default=""),
    column("visibility", Text(), DataClass.SOCIAL),
    column("created_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    column("changed_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    Index("ix_collections_person_id_changed_at_id", "person_id", "changed_at", "id"),
    Index("uq_collections_saved", "person_id", unique=True, postgresql_where=text("kind = 'saved'")),
    CheckConstraint("kind IN ('saved', 'set')", name="kind"),
    CheckConstraint("visibility IN ('only_me', 'friends', 'everyone')", name="visibility"),
    CheckConstraint("kind = 'set' OR visibility = 'only_me'", name="saved_is_own"),
    purpose="Sets of clips that a person saved or put together.",
    retention="Until the person deletes them.",
    audiences=[owner("person_id"), member(_VISIBLE)],
    grants={
        "reelm_web": "SELECT, INSERT (id, person_id, kind, title, visibility, created_at, changed_at), "
        "UPDATE (title, visibility, changed_at), DELETE"
    },
)

collected_clips = declare(
    "collected_clips",
    column(
        "collection_id",
        UUID(),
        DataClass.SOCIAL,
        ForeignKey("collections.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    clip_id("clip_id", DataClass.SOCIAL, primary_key=True),
    person_id("person_id", DataClass.SOCIAL),
    # The lower, the nearer to the beginning; what is added comes first.
    column("position", BigInteger(), DataClass.SOCIAL),
    column("added_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    Index("ix_collected_clips_collection_id_position", "collection_id", "position"),
    Index("ix_collected_clips_clip_id", "clip_id"),
    Index("ix_collected_clips_person_id_clip_id", "person_id", "clip_id"),
    purpose="Which clips are in a collection, and in which order.",
    retention="Until the person takes them out.",
    audiences=[
        Audience("owner", "SELECT", mine("person_id")),
        Audience("ordering", "UPDATE", mine("person_id"), mine("person_id")),
        Audience("removing", "DELETE", mine("person_id")),
        acting(
            "person_id",
            f"{CLIP_SEEN.format('clip_id')} AND EXISTS (SELECT 1 FROM collections o WHERE o.id = collection_id "
            f"AND o.person_id = {ME})",
        ),
        member(
            "EXISTS (SELECT 1 FROM collections o WHERE o.id = collected_clips.collection_id) "
            f"AND {CLIP_SEEN.format('collected_clips.clip_id')}"
        ),
    ],
    grants={
        "reelm_web": "SELECT, INSERT (collection_id, clip_id, person_id, position, added_at), "
        "UPDATE (position), DELETE"
    },
)
