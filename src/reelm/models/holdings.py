"""Whose each row is, and which rows are public: what a backup seals under whose key.

Every table is named here; a test demands it, and another holds `PUBLIC` against what the database shows to somebody
who is nobody. In the conditions the row is `t`.
"""

_OF_CLIP = "(SELECT c.author_id FROM clips c WHERE c.id = t.clip_id)"
_PUBLIC_CLIP = "{}audience = 'everyone' AND {}status = 'ready' AND {}published_at IS NOT NULL"
_ITS_CLIP_IS_PUBLIC = (
    "EXISTS (SELECT 1 FROM clips c WHERE c.id = t.{} AND " + _PUBLIC_CLIP.format("c.", "c.", "c.") + ")"
)

_PUBLIC_COLLECTION = (
    "{0}visibility = 'everyone' "
    "AND EXISTS (SELECT 1 FROM people p WHERE p.id = {0}person_id AND NOT p.private)"
)

# table → the person a row belongs to, as SQL over the row `t`; None for rows of nobody.
OWNER: dict[str, str | None] = {
    "people": "t.id",
    "person_details": "t.person_id",
    "blocks": "t.person_id",
    "follows": "t.follower_id",
    "close_friends": "t.person_id",
    "friend_invites": "t.person_id",
    "social_settings": "t.person_id",
    "friend_acts": "t.person_id",
    "collections": "t.person_id",
    "collected_clips": "t.person_id",
    "answers": "t.person_id",
    "invitations": None,
    "uploads": "t.person_id",
    "upload_parts": "t.person_id",
    "clips": "t.author_id",
    "clip_keys": "t.author_id",
    "clip_counters": _OF_CLIP,
    "clip_tags": _OF_CLIP,
    "sounds": "t.author_id",
    "likes": "t.person_id",
    "reposts": "t.person_id",
    "comments": "t.author_id",
    "comment_likes": "t.person_id",
    "notices": "t.person_id",
    "notice_settings": "t.person_id",
    "push_subscriptions": "t.person_id",
    "pushes": "t.person_id",
    "watch_events": "t.person_id",
    "receipts": "t.person_id",
    "receipt_leaves": None,
    "receipt_batches": None,
    "promise_keys": None,
    "adjustments": None,
    "adjustment_maps": None,
    "ranking_models": None,
    "ranking_changes": None,
    "clip_reach": _OF_CLIP,
    "feed_settings": "t.person_id",
    "feed_wishes": "t.person_id",
    "search_words": None,
    "search_terms": None,
    "ledger_entries": None,
    "ledger_head": None,
    "ledger_witnesses": None,
    "ledger_counts": None,
    "staff": "t.person_id",
    "grants": "t.asked_by",
    "grant_people": "t.person_id",
    "grant_decisions": "t.person_id",
    "grant_uses": "t.person_id",
    "peers": None,
    "crossing_batches": None,
    "crossings": "t.person_id",
    "arrivals": None,
    "border_counts": None,
    "border_hours": None,
    "border_refusals": None,
    "foreign_things": None,
    "views_abroad": _OF_CLIP,
    "consents": "t.person_id",
    "contact_entries": "t.person_id",
    "contact_standings": "t.person_id",
    "message_reports": "t.person_id",
    "message_report_openings": "(SELECT r.person_id FROM message_reports r WHERE r.id = t.report_id)",
    "message_identities": "t.person_id",
    "devices": "t.person_id",
    "key_packages": "t.person_id",
    # A group is nobody's more than another's.
    "conversations": "t.pair_low",
    "conversation_members": "t.person_id",
    "messages": "t.sender_id",
    "welcomes": "t.person_id",
    "message_histories": "t.person_id",
    "message_settings": "t.person_id",
    "exports": "t.person_id",
    "imports": "t.person_id",
    "import_items": "t.person_id",
    "erasures": "t.person_id",
}

# table → what somebody of another realm has in it that is not public: the column that names them, and the person of
# this realm under whose key it lies, as SQL over the row `t`. They have no key here, and no other rows than these.
GUESTS: dict[str, tuple[str, str]] = {
    "follows": ("follower_id", "t.followee_id"),
    "likes": ("person_id", _OF_CLIP),
    "reposts": ("person_id", _OF_CLIP),
    "comments": ("author_id", _OF_CLIP),
    "comment_likes": ("person_id", "(SELECT m.author_id FROM comments m WHERE m.id = t.comment_id)"),
}

# table → which of its rows are public, as SQL over the row `t`. All other rows are sealed.
PUBLIC: dict[str, str] = {
    "people": "true",
    "clips": _PUBLIC_CLIP.format("t.", "t.", "t."),
    "clip_counters": _ITS_CLIP_IS_PUBLIC.format("clip_id"),
    "clip_tags": _ITS_CLIP_IS_PUBLIC.format("clip_id"),
    "comments": _ITS_CLIP_IS_PUBLIC.format("clip_id"),
    "sounds": _ITS_CLIP_IS_PUBLIC.format("origin_clip_id"),
    "collections": _PUBLIC_COLLECTION.format("t."),
    "collected_clips": "EXISTS (SELECT 1 FROM collections o WHERE o.id = t.collection_id AND "
    + _PUBLIC_COLLECTION.format("o.")
    + ") AND "
    + _ITS_CLIP_IS_PUBLIC.format("clip_id"),
    "search_words": "true",
    "search_terms": "true",
    "peers": "true",
    "crossing_batches": "true",
    "border_counts": "true",
    "foreign_things": "true",
    "views_abroad": _ITS_CLIP_IS_PUBLIC.format("clip_id"),
    "ledger_entries": "true",
    "ledger_head": "true",
    "ledger_witnesses": "true",
    "ledger_counts": "true",
    "receipt_batches": "true",
    "promise_keys": "true",
    "adjustments": "true",
    "adjustment_maps": "true",
    "ranking_models": "true",
    "ranking_changes": "true",
}
