"""Tables of the room `feed`: receipts of pages served, their batches, and declared boosts and demotions."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, UUID
from sqlalchemy.types import BigInteger, Date, Integer, SmallInteger, Text

from reelm.models.declare import ME, Audience, DataClass, column, declare, everyone, mine
from reelm.models.people import NOW, WHEN, person_id

BATCHER = "reelm_indexer"
ADJUSTMENT_KINDS = ("boost", "demotion")
ADJUSTMENT_REASONS = ("editorial", "public_service", "realm_event", "low_quality", "borderline", "legal")


def _one_of(name: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{name} IN ('" + "', '".join(values) + "')", name=name)


receipts = declare(
    "receipts",
    person_id("person_id", DataClass.DERIVED, primary_key=True),
    column("id", UUID(), DataClass.DERIVED, primary_key=True),
    column("at", WHEN, DataClass.DERIVED),
    column("leaf", BYTEA(), DataClass.DERIVED),
    column("segment", Text(), DataClass.OPERATIONAL),
    column("place", Integer(), DataClass.OPERATIONAL),
    column("length", Integer(), DataClass.OPERATIONAL),
    column("clips", ARRAY(UUID()), DataClass.DERIVED),
    column("sources", ARRAY(SmallInteger()), DataClass.DERIVED),
    Index("ix_receipts_at", "at", postgresql_using="brin"),
    CheckConstraint("length(leaf) = 32", name="leaf"),
    CheckConstraint("cardinality(clips) = cardinality(sources)", name="sources"),
    purpose="Which pages For You served a person, and where each page's sealed record lies, for them to check.",
    retention="30 days.",
    audiences=[Audience("owner", "SELECT", mine("person_id"))],
    grants={"reelm_web": "SELECT"},
)

# A leaf says nothing of whose it is: who makes batches of them never sees a person.
receipt_leaves = declare(
    "receipt_leaves",
    column("leaf", BYTEA(), DataClass.OPERATIONAL, primary_key=True),
    column("at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    column("batch", BigInteger(), DataClass.OPERATIONAL, nullable=True),
    column("position", Integer(), DataClass.OPERATIONAL, nullable=True),
    Index("ix_receipt_leaves_waiting", "at", postgresql_where=text("batch IS NULL")),
    Index("ix_receipt_leaves_at", "at", postgresql_using="brin"),
    CheckConstraint("length(leaf) = 32", name="leaf"),
    CheckConstraint("(batch IS NULL) = (position IS NULL)", name="placed"),
    purpose="Fingerprints of pages served, which only their viewer can match, on their way into the public ledger.",
    retention="30 days.",
    audiences=[Audience("batcher", "ALL", "true", "true", role=BATCHER)],
    grants={BATCHER: "SELECT, UPDATE (batch, position)"},
)

receipt_batches = declare(
    "receipt_batches",
    column("batch", BigInteger(), DataClass.PUBLIC, primary_key=True),
    column("root", BYTEA(), DataClass.PUBLIC),
    column("chain", BYTEA(), DataClass.PUBLIC),
    column("size", Integer(), DataClass.OPERATIONAL),
    column("ref", UUID(), DataClass.OPERATIONAL),
    column("made_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    CheckConstraint("length(root) = 32 AND length(chain) = 32", name="hashes"),
    purpose="The batches in which fingerprints of pages went into the public ledger, each tied to the one before.",
    retention="30 days; the newest as long as the realm.",
    audiences=[everyone(), Audience("batcher", "ALL", "true", "true", role=BATCHER)],
    grants={"reelm_web": "SELECT (batch, root, size, ref)", BATCHER: "SELECT, INSERT"},
)

promise_keys = declare(
    "promise_keys",
    column("key", Text(), DataClass.PUBLIC, primary_key=True),
    column("from_at", WHEN, DataClass.PUBLIC),
    column("until_at", WHEN, DataClass.PUBLIC),
    column("certificate", Text(), DataClass.PUBLIC),
    CheckConstraint("key ~ '^[0-9a-f]{64}$'", name="key"),
    purpose="The keys with which the realm's processes promise what goes into the ledger, and who vouches for them.",
    retention="60 days after they are no longer used.",
    audiences=[
        everyone(),
        Audience("acting", "INSERT", "", "until_at <= now() + interval '2 days'", role="reelm_web"),
    ],
    grants={"reelm_web": "SELECT, INSERT"},
)

adjustments = declare(
    "adjustments",
    column("id", UUID(), DataClass.PUBLIC, primary_key=True),
    column("clip_id", UUID(), DataClass.PUBLIC),
    column("kind", Text(), DataClass.PUBLIC),
    column("points", Integer(), DataClass.PUBLIC),
    column("reason", Text(), DataClass.PUBLIC),
    column("words", Text(), DataClass.PUBLIC),
    column("from_at", WHEN, DataClass.PUBLIC),
    column("until_at", WHEN, DataClass.PUBLIC),
    column("staff", Text(), DataClass.PUBLIC),
    # The first map it is in, and the first it is no longer in.
    column("since", BigInteger(), DataClass.PUBLIC),
    column("ended", BigInteger(), DataClass.PUBLIC, nullable=True),
    Index("uq_adjustments_clip_id_now", "clip_id", unique=True, postgresql_where=text("ended IS NULL")),
    _one_of("kind", ADJUSTMENT_KINDS),
    _one_of("reason", ADJUSTMENT_REASONS),
    CheckConstraint("abs(points) BETWEEN 1 AND 2000 AND (kind = 'boost') = (points > 0)", name="points"),
    CheckConstraint("from_at < until_at", name="span"),
    CheckConstraint("ended > since", name="ended"),
    purpose="Declared boosts and demotions: every way in which somebody changed by hand what For You shows.",
    retention="30 days after they were taken back, as long as a receipt may name them.",
    audiences=[
        everyone(),
        Audience("staff_adds", "INSERT", "", "reelm.is_staff()", role="reelm_web"),
        Audience("staff_ends", "UPDATE", "reelm.is_staff()", "reelm.is_staff()", role="reelm_web"),
        Audience("readers", "SELECT", "true", role=BATCHER),
    ],
    grants={
        "reelm_web": "SELECT, INSERT (id, clip_id, kind, points, reason, words, from_at, until_at, staff, since), "
        "UPDATE (ended)",
        BATCHER: "SELECT",
    },
)

adjustment_maps = declare(
    "adjustment_maps",
    column("number", BigInteger(), DataClass.PUBLIC, primary_key=True),
    column("root", BYTEA(), DataClass.PUBLIC),
    column("count", Integer(), DataClass.PUBLIC),
    column("ref", UUID(), DataClass.OPERATIONAL),
    column("made_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    CheckConstraint("length(root) = 32", name="root"),
    purpose="The states that the declared boosts and demotions had, each as the fingerprint that the ledger holds.",
    retention="As long as the realm.",
    audiences=[
        everyone(),
        Audience("staff_adds", "INSERT", "", "reelm.is_staff()", role="reelm_web"),
        Audience("readers", "SELECT", "true", role=BATCHER),
    ],
    grants={"reelm_web": "SELECT, INSERT (number, root, count, ref)", BATCHER: "SELECT"},
)

clip_reach = declare(
    "clip_reach",
    column(
        "clip_id", UUID(), DataClass.DERIVED, ForeignKey("clips.id", ondelete="CASCADE"), primary_key=True
    ),
    column("day", Date(), DataClass.DERIVED, primary_key=True),
    column("source", Text(), DataClass.DERIVED, primary_key=True),
    column("impressions", Integer(), DataClass.DERIVED),
    purpose="How often a clip was shown, by day and by what brought it there, for the person who made it.",
    retention="As long as the clip.",
    audiences=[
        Audience(
            "author",
            "SELECT",
            f"EXISTS (SELECT 1 FROM clips c WHERE c.id = clip_reach.clip_id AND c.author_id = {ME})",
            role="reelm_web",
        )
    ],
    grants={"reelm_web": "SELECT"},
)
