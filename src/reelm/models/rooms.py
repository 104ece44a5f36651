"""Which room owns which table, and the few reads across rooms, each with its reason.

A room's repository names its own tables and nobody else's; `tests/unit/test_house.py` holds every statement
to it. A read across rooms is allowed only where a row has to be chosen or ordered by it in the database.
"""

TABLES_OF: dict[str, tuple[str, ...]] = {
    "custody": ("staff", "grants", "grant_people", "grant_decisions", "grant_uses"),
    "ledger": ("ledger_entries", "ledger_head", "ledger_witnesses", "ledger_counts"),
    "border": (
        "peers",
        "crossing_batches",
        "crossings",
        "arrivals",
        "border_counts",
        "border_hours",
        "border_refusals",
    ),
    "accounts": ("people", "person_details", "blocks", "invitations", "answers"),
    "social": ("follows", "close_friends", "friend_invites"),
    "media": ("uploads", "upload_parts"),
    "sounds": ("sounds",),
    "clips": ("clips", "clip_keys", "clip_counters", "clip_tags", "likes", "reposts"),
    "activity": ("social_settings", "friend_acts"),
    "collections": ("collections", "collected_clips"),
    "contacts": ("contact_entries", "contact_standings"),
    "comments": ("comments", "comment_likes"),
    "messages": (
        "message_identities",
        "devices",
        "key_packages",
        "conversations",
        "conversation_members",
        "messages",
        "welcomes",
        "message_histories",
        "message_settings",
        "message_reports",
        "message_report_openings",
    ),
    "notices": ("notices", "notice_settings", "push_subscriptions", "pushes"),
    "search": ("search_words", "search_terms"),
    "feed": (
        "watch_events",
        "feed_settings",
        "feed_wishes",
        "receipts",
        "receipt_leaves",
        "receipt_batches",
        "promise_keys",
        "adjustments",
        "adjustment_maps",
        "clip_reach",
        "ranking_models",
        "ranking_changes",
    ),
    "federation": ("foreign_things", "views_abroad", "consents"),
    "rights": ("exports", "imports", "import_items", "erasures"),
}

READS_ACROSS: dict[tuple[str, str], str] = {
    (
        "custody",
        "clips",
    ): "keys asks, as the viewer, whether a clip is visible before it releases the clip's key",
    (
        "custody",
        "ledger_entries",
    ): "keys asks whether the ledger ended a grant, or a signer's time, before it opens anything under it",
    ("sounds", "search_words"): "the picker finds a sound by its words, and search stands above sounds",
    ("search", "clips"): "fashion is counted over public clips, by the catalogue role",
    ("search", "clip_counters"): "fashion is counted over public clips, by the catalogue role",
    ("search", "clip_tags"): "a tag's public uses are counted, by the catalogue role",
    ("feed", "clips"): "the catalogue of public clips is built by its own role",
    ("feed", "clip_counters"): "the catalogue of public clips is built by its own role",
    (
        "border",
        "people",
    ): "other realms are answered about this one's people, from public rows, by the border's own role",
    ("border", "clips"): "other realms are answered about public clips, by the border's own role",
    ("border", "comments"): "other realms are answered about public comments, by the border's own role",
    ("backups", "people"): "a backup goes from person to person, in the order of their ids",
}
