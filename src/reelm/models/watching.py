"""Tables of the rooms `feed` and `search`: watch events, and the words by which public things are found."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.types import Boolean, Integer, SmallInteger, Text

from reelm.models.declare import DataClass, catalog, column, declare, owner
from reelm.models.people import NOW, WHEN, person_id

EVENT_KINDS = ("impression", "progress", "loop", "finish", "skip", "like", "share", "not_interested")
SEARCH_KINDS = ("person", "clip", "sound", "tag")

watch_events = declare(
    "watch_events",
    person_id("person_id", DataClass.TELEMETRY, primary_key=True),
    column("at", WHEN, DataClass.TELEMETRY, primary_key=True),
    column("id", UUID(), DataClass.TELEMETRY, primary_key=True),
    column("clip_id", UUID(), DataClass.TELEMETRY),
    column("kind", Text(), DataClass.TELEMETRY),
    column("watched_ms", Integer(), DataClass.TELEMETRY, server_default="0"),
    column("position_ms", Integer(), DataClass.TELEMETRY, server_default="0"),
    column("source", Text(), DataClass.TELEMETRY, server_default=""),
    column("stored_at", WHEN, DataClass.TELEMETRY, server_default=NOW),
    # False for what was watched while the person had learning paused: it counts as seen, never as taste.
    column("learns", Boolean(), DataClass.TELEMETRY, server_default=text("true")),
    Index("ix_watch_events_stored_at", "stored_at", postgresql_using="brin"),
    CheckConstraint("kind IN ('" + "', '".join(EVENT_KINDS) + "')", name="kind"),
    purpose="What a person watched and for how long, so that the next page fits them.",
    retention="90 days.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, at, id, clip_id, kind, watched_ms, position_ms, source, "
        "learns)"
    },
    postgresql_partition_by="RANGE (at)",
)

search_words = declare(
    "search_words",
    column("kind", Text(), DataClass.PUBLIC, primary_key=True),
    column("reference", Text(), DataClass.PUBLIC, primary_key=True),
    column("key", Text(), DataClass.PUBLIC),
    column("terms", ARRAY(Text()), DataClass.PUBLIC, server_default="{}"),
    column("language", Text(), DataClass.PUBLIC, server_default=""),
    column("weight", SmallInteger(), DataClass.PUBLIC, server_default="0"),
    # One index a kind: a word that half of the clips have must not make it slow to find a person of that name.
    *(
        Index(
            f"ix_search_words_terms_{kind}",
            "terms",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
            postgresql_where=text(f"kind = '{kind}'"),
        )
        for kind in SEARCH_KINDS
    ),
    Index("ix_search_words_kind_weight_reference", "kind", "weight", "reference"),
    CheckConstraint("kind IN ('" + "', '".join(SEARCH_KINDS) + "')", name="kind"),
    purpose="Normalised words of public profiles, clips, sounds and tags, so that they are found.",
    retention="As long as the thing is public.",
    audiences=[catalog()],
    grants={"reelm_catalog": "SELECT"},
)

search_terms = declare(
    "search_terms",
    column("kind", Text(), DataClass.PUBLIC, primary_key=True),
    column("term", Text(), DataClass.PUBLIC, primary_key=True),
    column("uses", Integer(), DataClass.PUBLIC),
    Index("ix_search_terms_kind_term", "kind", "term", postgresql_ops={"term": "text_pattern_ops"}),
    Index(
        "ix_search_terms_trigrams", "term", postgresql_using="gin", postgresql_ops={"term": "gin_trgm_ops"}
    ),
    purpose="Which words occur in public things and how often, so that a mistyped word finds the right one.",
    retention="As long as a public thing has the word.",
    audiences=[catalog()],
    grants={"reelm_catalog": "SELECT"},
)
