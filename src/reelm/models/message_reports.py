"""Tables of the room `messages`, second part: what recipients of messages disclosed to the realm's staff."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import BYTEA, UUID
from sqlalchemy.types import SmallInteger, Text

from reelm.models.declare import ME, Audience, DataClass, column, declare, member, mine
from reelm.models.people import NOW, WHEN, person_id

CATEGORIES = ("bullying", "threat", "hate", "sexual", "minor", "self_harm", "spam", "fraud", "other")

message_reports = declare(
    "message_reports",
    column("id", UUID(), DataClass.SOCIAL, primary_key=True),
    person_id("person_id", DataClass.SOCIAL),
    column("conversation_id", UUID(), DataClass.SOCIAL),
    column("category", Text(), DataClass.OPERATIONAL),
    column("items", SmallInteger(), DataClass.OPERATIONAL),
    # The messages that were disclosed, who sent them and the reporter's words, under the reporter's key.
    column("report_sealed", BYTEA(), DataClass.PRIVATE),
    column("made_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    Index("ix_message_reports_person_id_id", "person_id", "id"),
    CheckConstraint("items BETWEEN 1 AND 20", name="items"),
    CheckConstraint(f"category IN {CATEGORIES}", name="category"),
    purpose="Messages that a recipient disclosed to the realm's staff; they can read exactly these.",
    retention="Until whoever reported it erases the account.",
    # Staff have `reelm.reports_for_staff`, without what is sealed; `reelm keys` opens one of them at a time.
    audiences=[
        member(mine("person_id"), "owner_select"),
        Audience("reporting", "INSERT", "", f"person_id = {ME}"),
    ],
    grants={
        "reelm_web": "SELECT, INSERT (id, person_id, conversation_id, category, items, report_sealed, made_at)",
        "reelm_worker": "SELECT",
    },
)

message_report_openings = declare(
    "message_report_openings",
    column("id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("report_id", UUID(), DataClass.OPERATIONAL, ForeignKey("message_reports.id", ondelete="CASCADE")),
    # The key of a member of staff, as the ledger names it.
    column("key_id", Text(), DataClass.OPERATIONAL),
    column("at", WHEN, DataClass.OPERATIONAL),
    Index("ix_message_report_openings_report_id", "report_id"),
    purpose="Each time that staff opened a report, and with whose staff key.",
    retention="As long as the report.",
    audiences=[
        member(
            "EXISTS (SELECT 1 FROM message_reports r WHERE r.id = report_id AND " + mine("r.person_id") + ")",
            "owner_select",
        )
    ],
    grants={"reelm_web": "SELECT", "reelm_worker": "SELECT"},
)
