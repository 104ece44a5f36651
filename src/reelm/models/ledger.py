"""Tables of the room `ledger`: the outbox that becomes the log, its head, its witnesses, and counts by day."""

from sqlalchemy import CheckConstraint, Identity, Index, text
from sqlalchemy.dialects.postgresql import BYTEA, UUID
from sqlalchemy.types import BigInteger, Boolean, Date, SmallInteger, Text

from reelm.models.declare import Audience, DataClass, column, declare
from reelm.models.people import NOW, WHEN

SEQUENCER, INDEXER, BORDER = "reelm_ledger", "reelm_indexer", "reelm_border"
_READERS = "reelm_web, reelm_worker, reelm_keys, reelm_ledger, reelm_indexer, reelm_border"
# What only the realm itself says: no process that serves people may claim it.
OWN_KINDS = (
    "charter.adopted",
    "release.deployed",
    "promise.key",
    "key.rotated",
    "ledger.restored",
    "site.stated",
)
# What the indexer says of the feeds: no process that answers people may say it in its place.
INDEX_KINDS = ("feed.snapshot", "feed.lists", "feed.receipts", "ranking.changed")
# What the border says of what crosses: no process that answers people may say it in its place.
BORDER_KINDS = ("border.crossed", "border.received", "border.refused", "border.counted")
_CROSSED = ", ".join(f"'{kind}'" for kind in BORDER_KINDS)
_INDEXED = ", ".join(f"'{kind}'" for kind in INDEX_KINDS)
_OWN = ", ".join(f"'{kind}'" for kind in (*OWN_KINDS, *INDEX_KINDS, *BORDER_KINDS, "keys.released"))
_WAITING = "leaf_index IS NULL AND refused IS NULL"


def _open_to_read() -> Audience:
    return Audience("everyone", "SELECT", "true", role=_READERS)


def _kept_by_the_sequencer() -> Audience:
    return Audience("sequencer", "ALL", "true", "true", role=SEQUENCER)


ledger_entries = declare(
    "ledger_entries",
    column("ref", UUID(), DataClass.OPERATIONAL, primary_key=True),
    # Only breaks ties among those that wait: numbers are given before transactions end, so nothing is read from a
    # highest number onwards.
    column("number", BigInteger(), DataClass.OPERATIONAL, Identity(always=True)),
    column("kind", Text(), DataClass.PUBLIC),
    column("body", BYTEA(), DataClass.PUBLIC),
    column("leaf_index", BigInteger(), DataClass.PUBLIC, nullable=True, unique=True),
    column("refused", Text(), DataClass.OPERATIONAL, nullable=True),
    column("created_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    Index("ix_ledger_entries_waiting", "number", postgresql_where=text(_WAITING)),
    Index("ix_ledger_entries_kind_leaf_index", "kind", "leaf_index"),
    CheckConstraint("leaf_index >= 0", name="leaf_index"),
    CheckConstraint("length(body) BETWEEN 1 AND 65535", name="body"),
    purpose="What the realm's public ledger says: entries in their order, and those that wait for their place.",
    retention="As long as the realm: a ledger forgets nothing, which is why no entry holds personal data.",
    audiences=[
        _open_to_read(),
        Audience("acting", "INSERT", "", f"kind <> ALL (ARRAY[{_OWN}])", role="reelm_web, reelm_worker"),
        Audience("counting", "INSERT", "", "kind = 'keys.released'", role="reelm_keys"),
        Audience("indexing", "INSERT", "", f"kind = ANY (ARRAY[{_INDEXED}])", role=INDEXER),
        Audience("crossing", "INSERT", "", f"kind = ANY (ARRAY[{_CROSSED}])", role=BORDER),
        Audience("sequencer_adds", "INSERT", "", "true", role=SEQUENCER),
        # Once it has its place, or was refused, an entry is out of everybody's reach.
        Audience("sequencer_orders", "UPDATE", _WAITING, "true", role=SEQUENCER),
    ],
    grants={
        "reelm_web": "SELECT (ref, number, kind, body, leaf_index, refused), INSERT (ref, kind, body)",
        "reelm_worker": "SELECT (ref, number, kind, body, leaf_index, refused), INSERT (ref, kind, body)",
        "reelm_keys": "SELECT (ref, number, kind, body, leaf_index, refused), INSERT (ref, kind, body)",
        INDEXER: "SELECT (ref, number, kind, body, leaf_index, refused), INSERT (ref, kind, body)",
        BORDER: "SELECT (ref, number, kind, body, leaf_index, refused), INSERT (ref, kind, body)",
        SEQUENCER: "SELECT, INSERT (ref, kind, body, leaf_index), UPDATE (leaf_index, refused)",
    },
)

ledger_head = declare(
    "ledger_head",
    column("id", SmallInteger(), DataClass.OPERATIONAL, primary_key=True, server_default="1"),
    column("origin", Text(), DataClass.PUBLIC),
    column("vkey", Text(), DataClass.PUBLIC),
    # Who may write: every sequencer that takes over counts one up, and what an earlier one still tries fails.
    column("term", BigInteger(), DataClass.OPERATIONAL, server_default="0"),
    column("size", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("root", BYTEA(), DataClass.PUBLIC),
    column("release_policy", Text(), DataClass.PUBLIC, server_default=""),
    column("release_checkpoint", Text(), DataClass.PUBLIC, nullable=True),
    column("release_size", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("release_at", WHEN, DataClass.PUBLIC, nullable=True),
    column("public_policy", Text(), DataClass.PUBLIC, server_default=""),
    column("public_checkpoint", Text(), DataClass.PUBLIC, nullable=True),
    column("public_size", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("public_at", WHEN, DataClass.PUBLIC, nullable=True),
    column("late_since", WHEN, DataClass.PUBLIC, nullable=True),
    column("problem", Text(), DataClass.PUBLIC, nullable=True),
    column("alive_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    CheckConstraint("id = 1", name="single"),
    CheckConstraint("release_size <= size AND public_size <= size", name="published"),
    purpose="How long the public ledger is, its root, and the checkpoints that witnesses have cosigned.",
    retention="As long as the realm.",
    audiences=[_open_to_read(), _kept_by_the_sequencer()],
    grants={
        **{role.strip(): "SELECT" for role in _READERS.split(",")},
        SEQUENCER: "SELECT, INSERT, UPDATE",
    },
)

ledger_witnesses = declare(
    "ledger_witnesses",
    column("vkey", Text(), DataClass.PUBLIC, primary_key=True),
    column("name", Text(), DataClass.PUBLIC),
    column("url", Text(), DataClass.PUBLIC, nullable=True),
    column("in_release", Boolean(), DataClass.PUBLIC),
    column("in_public", Boolean(), DataClass.PUBLIC),
    column("size", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("cosigned_at", WHEN, DataClass.PUBLIC, nullable=True),
    column("problem", Text(), DataClass.PUBLIC, nullable=True),
    purpose="Which outside witnesses the charter names, what each has cosigned last, and what keeps it from more.",
    retention="As long as a policy of the charter names the witness.",
    audiences=[_open_to_read(), _kept_by_the_sequencer()],
    grants={
        **{role.strip(): "SELECT" for role in _READERS.split(",")},
        SEQUENCER: "SELECT, INSERT, UPDATE, DELETE",
    },
)

ledger_counts = declare(
    "ledger_counts",
    column("day", Date(), DataClass.PUBLIC, primary_key=True),
    column("kind", Text(), DataClass.PUBLIC, primary_key=True),
    column("entries", BigInteger(), DataClass.PUBLIC),
    purpose="How many entries of each kind the public ledger has of each day, for its page and its charts.",
    retention="As long as the realm.",
    audiences=[_open_to_read(), _kept_by_the_sequencer()],
    grants={
        **{role.strip(): "SELECT" for role in _READERS.split(",")},
        SEQUENCER: "SELECT, INSERT, UPDATE",
    },
)
