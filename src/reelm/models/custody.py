"""Tables of the room `custody`: staff and their keys, grants, and what was opened under them.

Nothing here opens anything: `reelm keys` believes signatures and the ledger, not these rows. They are what staff
work with, and what the person concerned is shown of it (the view `reelm.openings`).
"""

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, UUID
from sqlalchemy.types import BigInteger, Boolean, Integer, Text

from reelm.models.declare import ME, Audience, DataClass, column, declare, member, mine
from reelm.models.people import NOW, WHEN, person_id

OPERATOR = "(SELECT reelm.is_operator())"
STAFF = "(SELECT reelm.is_staff())"
_MY_GRANT = (
    f"EXISTS (SELECT 1 FROM grants g WHERE g.id = grant_id AND g.asked_by = {ME} AND g.state = '{{}}')"
)


def _somebody(name: str) -> Column[Any]:
    """Column that refers to a member of staff; what they did stays when they go, without them."""
    return column(
        name, UUID(), DataClass.OPERATIONAL, ForeignKey("people.id", ondelete="SET NULL"), nullable=True
    )


def _grant_id() -> Column[Any]:
    return column(
        "grant_id",
        UUID(),
        DataClass.OPERATIONAL,
        ForeignKey("grants.id", ondelete="CASCADE"),
        primary_key=True,
    )


staff = declare(
    "staff",
    column("key_id", Text(), DataClass.OPERATIONAL, primary_key=True),
    person_id("person_id", DataClass.OPERATIONAL),
    column("public_key", BYTEA(), DataClass.OPERATIONAL),
    column("country", Text(), DataClass.OPERATIONAL),
    column("state", Text(), DataClass.OPERATIONAL),
    column("asked_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    column("enrolled_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("enrolled_ref", UUID(), DataClass.OPERATIONAL, nullable=True),
    column("enrolled_leaf", BigInteger(), DataClass.OPERATIONAL, nullable=True),
    column("left_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("left_ref", UUID(), DataClass.OPERATIONAL, nullable=True),
    column("left_leaf", BigInteger(), DataClass.OPERATIONAL, nullable=True),
    Index(
        "uq_staff_person_id_here",
        "person_id",
        unique=True,
        postgresql_where=text("state <> 'left'"),
    ),
    CheckConstraint("state IN ('asked', 'enrolled', 'left')", name="state"),
    CheckConstraint("length(public_key) = 32", name="public_key"),
    purpose="Whose key may sign for opening personal data, and since when.",
    retention="Until the member of staff erases the account.",
    audiences=[
        member(OPERATOR, "operators"),
        Audience("asking", "INSERT", "", f"person_id = {ME} AND {OPERATOR} AND state = 'asked'"),
        Audience("thinking_again", "DELETE", f"{mine('person_id')} AND state = 'asked'"),
    ],
    grants={"reelm_web": "SELECT, INSERT (key_id, person_id, public_key, country, state, asked_at), DELETE"},
)

grants = declare(
    "grants",
    column("id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    _somebody("asked_by"),
    column("asked_key", Text(), DataClass.OPERATIONAL),
    column("state", Text(), DataClass.OPERATIONAL),
    column("cause", Text(), DataClass.OPERATIONAL, nullable=True),
    column("classes", ARRAY(Text()), DataClass.OPERATIONAL),
    column("minutes", Integer(), DataClass.OPERATIONAL),
    column("reason", Text(), DataClass.OPERATIONAL),
    column("words", Text(), DataClass.SOCIAL),
    column("country", Text(), DataClass.OPERATIONAL),
    column("emergency", Boolean(), DataClass.OPERATIONAL),
    column("document", BYTEA(), DataClass.OPERATIONAL),
    column("document_nonce", BYTEA(), DataClass.OPERATIONAL),
    column("request", BYTEA(), DataClass.OPERATIONAL),
    column("request_ref", UUID(), DataClass.OPERATIONAL, nullable=True),
    column("request_leaf", BigInteger(), DataClass.OPERATIONAL, nullable=True),
    _somebody("decided_by"),
    column("decided_key", Text(), DataClass.OPERATIONAL, nullable=True),
    column("decision_ref", UUID(), DataClass.OPERATIONAL, nullable=True),
    column("decision_leaf", BigInteger(), DataClass.OPERATIONAL, nullable=True),
    column("end_ref", UUID(), DataClass.OPERATIONAL, nullable=True),
    column("end_leaf", BigInteger(), DataClass.OPERATIONAL, nullable=True),
    column("created_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    column("requested_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("answer_by", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("decided_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("expires_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("ended_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    Index("ix_grants_state_id", "state", "id"),
    CheckConstraint("state IN ('draft', 'asked', 'approved', 'denied', 'expired', 'closed')", name="state"),
    CheckConstraint("minutes BETWEEN 1 AND 240", name="minutes"),
    CheckConstraint("reason IN ('support', 'safety', 'legal', 'technical')", name="reason"),
    purpose="Requests of staff to open personal data, and how they were decided.",
    retention="Three years after the request; drafts a day. The words go when a person concerned erases the account.",
    audiences=[
        member(STAFF, "staff"),
        Audience("asking", "INSERT", "", f"asked_by = {ME} AND {STAFF} AND state = 'draft'"),
        Audience("deciding", "UPDATE", STAFF, STAFF),
    ],
    grants={
        "reelm_web": "SELECT, INSERT (id, asked_by, asked_key, state, classes, minutes, reason, words, country, "
        "emergency, document, document_nonce, request, created_at), UPDATE (state, cause, request_ref, "
        "request_leaf, decided_by, decided_key, decision_ref, decision_leaf, end_ref, end_leaf, requested_at, "
        "answer_by, decided_at, expires_at, ended_at)",
    },
)

grant_people = declare(
    "grant_people",
    _grant_id(),
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    column("reference", Text(), DataClass.OPERATIONAL),
    column("nonce", BYTEA(), DataClass.OPERATIONAL),
    column("document", BYTEA(), DataClass.OPERATIONAL),
    Index("ix_grant_people_person_id_grant_id", "person_id", "grant_id"),
    purpose="Whose data a grant is about, so that each of them sees who opened what.",
    retention="As long as the grant, or until the person erases the account.",
    audiences=[
        # The person concerned has the view `reelm.openings`: one condition in each place (see `followers`).
        member(STAFF, "staff"),
        Audience("asking", "INSERT", "", f"{STAFF} AND {_MY_GRANT.format('draft')}"),
    ],
    grants={"reelm_web": "SELECT, INSERT"},
)

grant_decisions = declare(
    "grant_decisions",
    _grant_id(),
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("verdict", Text(), DataClass.OPERATIONAL),
    column("entry", BYTEA(), DataClass.OPERATIONAL),
    column("created_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    CheckConstraint("verdict IN ('approve', 'deny')", name="verdict"),
    purpose="A decision that a member of staff is about to sign.",
    retention="As long as the grant, or until the next draft of the same person.",
    audiences=[
        Audience("deciding", "ALL", f"{mine('person_id')} AND {STAFF}", f"person_id = {ME} AND {STAFF}")
    ],
    grants={"reelm_web": "SELECT, INSERT, DELETE"},
)

grant_uses = declare(
    "grant_uses",
    column("id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("grant_id", UUID(), DataClass.OPERATIONAL, ForeignKey("grants.id", ondelete="CASCADE")),
    person_id("person_id", DataClass.SOCIAL),
    column("what", Text(), DataClass.OPERATIONAL),
    column("clip_id", UUID(), DataClass.OPERATIONAL, nullable=True),
    column("state", Text(), DataClass.OPERATIONAL),
    column("nonce", BYTEA(), DataClass.OPERATIONAL),
    column("document", BYTEA(), DataClass.OPERATIONAL),
    column("ref", UUID(), DataClass.OPERATIONAL, unique=True),
    column("leaf", BigInteger(), DataClass.OPERATIONAL, nullable=True),
    column("at", WHEN, DataClass.OPERATIONAL),
    Index("ix_grant_uses_grant_id_id", "grant_id", "id"),
    Index("ix_grant_uses_person_id_grant_id", "person_id", "grant_id"),
    CheckConstraint("state IN ('pending', 'logged', 'opened')", name="state"),
    CheckConstraint("what IN ('identity', 'social', 'telemetry', 'private', 'clip')", name="what"),
    CheckConstraint("(what = 'clip') = (clip_id IS NOT NULL)", name="clip"),
    purpose="Each time that data was opened under a grant; written into the ledger before anything is opened.",
    retention="As long as the grant, or until the person erases the account.",
    audiences=[
        member(STAFF, "staff"),
        Audience(
            "opening", "INSERT", "", f"{STAFF} AND {_MY_GRANT.format('approved')} AND state = 'pending'"
        ),
        Audience("having_opened", "UPDATE", STAFF, STAFF),
    ],
    grants={
        "reelm_web": "SELECT, INSERT (id, grant_id, person_id, what, clip_id, state, nonce, document, ref, at), "
        "UPDATE (state, leaf)",
    },
)
