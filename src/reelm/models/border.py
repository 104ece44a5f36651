"""Tables of the rooms `border` and `federation`: other realms, what crosses, who agreed to be known there."""

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, UUID
from sqlalchemy.types import BigInteger, Date, Integer, Text

from reelm.models.declare import ME, Audience, DataClass, column, declare, mine, owner
from reelm.models.people import NOW, WHEN, person_id

BORDER = "reelm_border"
_CORE = "reelm_web, reelm_worker"
_ACTS = (
    "('Create', 'Update', 'Delete', 'Follow', 'Accept', 'Reject', 'Undo', 'Like', 'Announce', 'Move', 'Flag')"
)


def _kept_by_the_border() -> Audience:
    return Audience("border", "ALL", "true", "true", role=BORDER)


def _open_to_read() -> Audience:
    return Audience("everyone", "SELECT", "true", role=f"{_CORE}, reelm_catalog")


peers = declare(
    "peers",
    column("realm", Text(), DataClass.PUBLIC, primary_key=True),
    column("name", Text(), DataClass.PUBLIC),
    column("network", Text(), DataClass.PUBLIC),
    column("ids", Text(), DataClass.PUBLIC),
    column("web", Text(), DataClass.PUBLIC),
    column("border", Text(), DataClass.PUBLIC),
    column("vkey", Text(), DataClass.PUBLIC),
    column("ledger_vkey", Text(), DataClass.PUBLIC),
    column("charter", Text(), DataClass.PUBLIC),
    column("document", JSONB(), DataClass.PUBLIC),
    column("state", Text(), DataClass.PUBLIC, server_default="open"),
    column("known_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    column("heard_at", WHEN, DataClass.PUBLIC, nullable=True),
    CheckConstraint("state IN ('open', 'paused', 'refused')", name="state"),
    purpose="Other realms that this one exchanges with: their addresses, keys and charters.",
    retention="As long as the realms know each other.",
    audiences=[
        _open_to_read(),
        _kept_by_the_border(),
        Audience("operating", "UPDATE", "(SELECT reelm.is_operator())", "true", role="reelm_web"),
    ],
    grants={
        "reelm_web": "SELECT, UPDATE (state)",
        "reelm_worker": "SELECT",
        "reelm_catalog": "SELECT",
        BORDER: "SELECT, INSERT, UPDATE, DELETE",
    },
)

batches = declare(
    "crossing_batches",
    column("id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("peer", Text(), DataClass.PUBLIC),
    column("direction", Text(), DataClass.PUBLIC),
    column("root", BYTEA(), DataClass.PUBLIC),
    column("count", Integer(), DataClass.PUBLIC),
    column("bytes", BigInteger(), DataClass.PUBLIC),
    column("ref", UUID(), DataClass.OPERATIONAL),
    column("entry_index", BigInteger(), DataClass.PUBLIC, nullable=True),
    column("state", Text(), DataClass.OPERATIONAL),
    column("attempts", Integer(), DataClass.OPERATIONAL, server_default="0"),
    column("next_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("problem", Text(), DataClass.OPERATIONAL, nullable=True),
    column("made_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    column("done_at", WHEN, DataClass.PUBLIC, nullable=True),
    Index(
        "ix_crossing_batches_next_at", "next_at", postgresql_where=text("state IN ('recorded', 'released')")
    ),
    Index("uq_crossing_batches_in", "peer", "root", unique=True, postgresql_where=text("direction = 'in'")),
    CheckConstraint("direction IN ('out', 'in')", name="direction"),
    CheckConstraint("state IN ('recorded', 'released', 'delivered', 'dead', 'taken')", name="state"),
    CheckConstraint("length(root) = 32", name="root"),
    purpose="What was released to, or received from, another realm in one delivery, as both ledgers have it.",
    retention="As long as the realm.",
    audiences=[_open_to_read(), _kept_by_the_border()],
    grants={
        "reelm_web": "SELECT",
        "reelm_worker": "SELECT",
        BORDER: "SELECT, INSERT, UPDATE",
    },
)

crossings = declare(
    "crossings",
    column("id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("number", BigInteger(), DataClass.OPERATIONAL, Identity(always=True)),
    column("peer", Text(), DataClass.PUBLIC),
    column("act", Text(), DataClass.PUBLIC),
    column("object_type", Text(), DataClass.PUBLIC),
    column("purpose", Text(), DataClass.PUBLIC),
    # Whose act it is. What a person's erasure leaves is a line without the person.
    column(
        "person_id", UUID(), DataClass.SOCIAL, ForeignKey("people.id", ondelete="SET NULL"), nullable=True
    ),
    column("thing_id", UUID(), DataClass.SOCIAL, nullable=True),
    column("document", JSONB(), DataClass.SOCIAL, nullable=True),
    column("released", BYTEA(), DataClass.SOCIAL, nullable=True),
    column("nonce", BYTEA(), DataClass.OPERATIONAL, nullable=True),
    column("classes", ARRAY(Text()), DataClass.PUBLIC, server_default="{}"),
    column("fields", ARRAY(Text()), DataClass.PUBLIC, server_default="{}"),
    column("removed", ARRAY(Text()), DataClass.PUBLIC, server_default="{}"),
    column("policy", Text(), DataClass.PUBLIC, nullable=True),
    column("bytes", Integer(), DataClass.PUBLIC, server_default="0"),
    column("batch_id", UUID(), DataClass.OPERATIONAL, ForeignKey("crossing_batches.id"), nullable=True),
    column("position", Integer(), DataClass.OPERATIONAL, nullable=True),
    column("state", Text(), DataClass.PUBLIC, server_default="asked"),
    column("reason", Text(), DataClass.PUBLIC, nullable=True),
    column("made_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    column("done_at", WHEN, DataClass.SOCIAL, nullable=True),
    Index("ix_crossings_asked", "peer", "number", postgresql_where=text("state = 'asked'")),
    Index("ix_crossings_person_id_number", "person_id", "number"),
    Index("ix_crossings_thing_id_peer", "thing_id", "peer"),
    Index("ix_crossings_batch_id_position", "batch_id", "position"),
    CheckConstraint(
        "state IN ('asked', 'recorded', 'delivered', 'refused', 'dead', 'taken_back')", name="state"
    ),
    CheckConstraint(f"act IN {_ACTS}", name="act"),
    purpose="What of a person goes to other realms: which act, which fields, why, under which rule, and when.",
    retention="What was sent: until it is delivered. That it crossed: until the person erases the account.",
    audiences=[
        Audience("owner", "SELECT", mine("person_id")),
        # A room asks in the transaction of the act, in the name of whoever acts.
        Audience("acting", "INSERT", "", f"person_id = {ME} AND state = 'asked'", role="reelm_web"),
        Audience("working", "INSERT", "", "state = 'asked'", role="reelm_worker"),
        _kept_by_the_border(),
    ],
    grants={
        "reelm_web": "SELECT (id, number, peer, act, object_type, purpose, person_id, thing_id, classes, fields, "
        "removed, policy, bytes, batch_id, position, state, reason, made_at, done_at), "
        "INSERT (id, peer, act, object_type, purpose, person_id, thing_id, document)",
        "reelm_worker": "SELECT (id, number, peer, act, object_type, purpose, person_id, thing_id, classes, fields, "
        "removed, policy, bytes, batch_id, position, state, reason, made_at, done_at), "
        "INSERT (id, peer, act, object_type, purpose, person_id, thing_id, document)",
        BORDER: "SELECT, UPDATE (released, nonce, document, classes, fields, removed, policy, bytes, batch_id, "
        "position, state, reason, done_at)",
    },
)

arrivals = declare(
    "arrivals",
    column("id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("batch_id", UUID(), DataClass.OPERATIONAL, ForeignKey("crossing_batches.id")),
    column("position", Integer(), DataClass.OPERATIONAL),
    column("peer", Text(), DataClass.PUBLIC),
    column("uri", Text(), DataClass.PUBLIC),
    column("act", Text(), DataClass.PUBLIC),
    column("object_type", Text(), DataClass.PUBLIC),
    column("document", JSONB(), DataClass.SOCIAL, nullable=True),
    column("state", Text(), DataClass.OPERATIONAL, server_default="held"),
    column("reason", Text(), DataClass.OPERATIONAL, nullable=True),
    column("attempts", Integer(), DataClass.OPERATIONAL, server_default="0"),
    column("at", WHEN, DataClass.PUBLIC, server_default=NOW),
    Index("uq_arrivals_peer_uri", "peer", "uri", unique=True),
    Index("ix_arrivals_held", "at", postgresql_where=text("state = 'held'")),
    CheckConstraint("state IN ('held', 'taken', 'refused')", name="state"),
    purpose="What other realms sent, until this realm has taken it in or refused it.",
    retention="30 days; the words of it until it is taken in.",
    audiences=[_kept_by_the_border(), Audience("taking", "ALL", "true", "true", role="reelm_worker")],
    grants={
        "reelm_worker": "SELECT, UPDATE (document, state, reason, attempts), DELETE",
        BORDER: "SELECT, INSERT",
    },
)

border_counts = declare(
    "border_counts",
    column("day", Date(), DataClass.PUBLIC, primary_key=True),
    column("kind", Text(), DataClass.PUBLIC, primary_key=True),
    column("direction", Text(), DataClass.PUBLIC, primary_key=True),
    column("peer", Text(), DataClass.PUBLIC, primary_key=True),
    column("data_class", Text(), DataClass.PUBLIC, primary_key=True),
    column("objects", BigInteger(), DataClass.PUBLIC, server_default="0"),
    column("bytes", BigInteger(), DataClass.PUBLIC, server_default="0"),
    CheckConstraint(
        "kind IN ('crossing', 'storage', 'control', 'delivery', 'fetch', 'refused')", name="kind"
    ),
    CheckConstraint("direction IN ('out', 'in')", name="direction"),
    purpose="How much left and entered the realm each day, by destination and data class, for everyone to see.",
    retention="As long as the realm.",
    audiences=[_open_to_read(), _kept_by_the_border()],
    grants={"reelm_web": "SELECT", "reelm_worker": "SELECT", BORDER: "SELECT, INSERT, UPDATE"},
)

border_hours = declare(
    "border_hours",
    column("hour", WHEN, DataClass.PUBLIC, primary_key=True),
    column("kind", Text(), DataClass.PUBLIC, primary_key=True),
    column("direction", Text(), DataClass.PUBLIC, primary_key=True),
    column("peer", Text(), DataClass.PUBLIC, primary_key=True),
    column("data_class", Text(), DataClass.PUBLIC, primary_key=True),
    column("objects", BigInteger(), DataClass.PUBLIC),
    column("bytes", BigInteger(), DataClass.PUBLIC),
    CheckConstraint("direction IN ('out', 'in')", name="direction"),
    purpose="The same counts by hour, until the ledger has been told.",
    retention="An hour or two; the ledger keeps what it was told.",
    audiences=[_kept_by_the_border()],
    grants={BORDER: "SELECT, INSERT, UPDATE, DELETE"},
)

border_refusals = declare(
    "border_refusals",
    column("minute", WHEN, DataClass.PUBLIC, primary_key=True),
    column("direction", Text(), DataClass.PUBLIC, primary_key=True),
    column("channel", Text(), DataClass.PUBLIC, primary_key=True),
    column("peer", Text(), DataClass.PUBLIC, primary_key=True),
    column("object_type", Text(), DataClass.PUBLIC, primary_key=True),
    column("classes", ARRAY(Text()), DataClass.PUBLIC, primary_key=True),
    column("fields", ARRAY(Text()), DataClass.PUBLIC, primary_key=True),
    column("reason", Text(), DataClass.PUBLIC, primary_key=True),
    column("count", BigInteger(), DataClass.PUBLIC),
    CheckConstraint("direction IN ('out', 'in')", name="direction"),
    purpose="What the border did not let through, counted by minute until the ledger has been told.",
    retention="Some minutes; the ledger keeps what it was told.",
    audiences=[_kept_by_the_border()],
    grants={BORDER: "SELECT, INSERT, UPDATE, DELETE"},
)

foreign_things = declare(
    "foreign_things",
    column("uri", Text(), DataClass.PUBLIC, primary_key=True),
    column("kind", Text(), DataClass.PUBLIC),
    column("thing_id", UUID(), DataClass.PUBLIC),
    column("peer", Text(), DataClass.PUBLIC),
    column("updated", WHEN, DataClass.PUBLIC, nullable=True),
    column("media", JSONB(), DataClass.PUBLIC, nullable=True),
    column("gone_at", WHEN, DataClass.PUBLIC, nullable=True),
    Index("ix_foreign_things_thing_id", "thing_id"),
    CheckConstraint("kind IN ('person', 'clip', 'comment')", name="kind"),
    purpose="Under which address people, clips and comments of other realms are known there.",
    retention="As long as they are shown here; that one was withdrawn, as long as its realm is known.",
    audiences=[Audience("everyone", "SELECT", "true", role=_CORE)],
    grants={"reelm_web": "SELECT", "reelm_worker": "SELECT"},
)

views_abroad = declare(
    "views_abroad",
    column("clip_id", UUID(), DataClass.PUBLIC, ForeignKey("clips.id", ondelete="CASCADE"), primary_key=True),
    column("peer", Text(), DataClass.PUBLIC, primary_key=True),
    column("views", BigInteger(), DataClass.PUBLIC),
    column("told_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    purpose="How many people of another realm watched a clip, as that realm says: never fewer than twenty, in tens.",
    retention="As long as the clip.",
    audiences=[
        Audience("everyone", "SELECT", "EXISTS (SELECT 1 FROM clips c WHERE c.id = views_abroad.clip_id)")
    ],
    grants={"reelm_web": "SELECT", "reelm_worker": "SELECT"},
)

consents = declare(
    "consents",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    column("peer", Text(), DataClass.SOCIAL, primary_key=True),
    column("given_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    purpose="Which other realms a person agreed to be known in, by acting there.",
    retention="Until the person withdraws it.",
    audiences=[owner("person_id")],
    grants={"reelm_web": "SELECT, INSERT (person_id, peer), DELETE"},
)
