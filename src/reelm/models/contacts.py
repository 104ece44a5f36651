"""Tables of the room `contacts`: who chose to be found, and how much each person may still ask."""

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.types import SmallInteger, Text

from reelm.models.declare import ME, Audience, DataClass, acting, column, declare, mine, owner
from reelm.models.people import NOW, WHEN, person_id

FINDABLE_KINDS = ("phone", "email")
ENTRY_BYTES = 92

contact_entries = declare(
    "contact_entries",
    person_id("person_id", DataClass.SOCIAL, primary_key=True),
    column("kind", Text(), DataClass.SOCIAL, primary_key=True),
    column("place", SmallInteger(), DataClass.SOCIAL, primary_key=True, autoincrement=False),
    # Made on the person's device. Opens for whoever has the number or address, and asked for it to be evaluated.
    column("entry", BYTEA(), DataClass.SOCIAL),
    column("made_at", WHEN, DataClass.SOCIAL, server_default=NOW),
    Index("ix_contact_entries_entry", "entry"),
    CheckConstraint("kind IN ('" + "', '".join(FINDABLE_KINDS) + "')", name="kind"),
    CheckConstraint("place BETWEEN 1 AND 2", name="place"),
    CheckConstraint(f"length(entry) = {ENTRY_BYTES}", name="entry"),
    purpose="That a person chose to be found, in a form that only those can read who have the number or address.",
    retention="Until the person no longer wants to be found, or changes their handle.",
    audiences=[
        Audience("owner_reads", "SELECT", mine("person_id")),
        Audience("owner_ends", "DELETE", mine("person_id")),
        # Nobody under sixteen can be found by a number.
        acting(
            "person_id",
            f"EXISTS (SELECT 1 FROM person_details d WHERE d.person_id = {ME} AND d.age_band <> 'under16')",
        ),
    ],
    grants={"reelm_web": "SELECT, INSERT (person_id, kind, place, entry), DELETE"},
)

contact_standings = declare(
    "contact_standings",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    # When the allowance will be whole again; it refills evenly until then.
    column("whole_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    # When entries were dropped because they named a handle that is no more; NULL once the person made new ones.
    column("dropped_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    purpose="How much a person may still look for others by numbers, and whether they have to be told something.",
    retention="Until the person erases the account.",
    audiences=[owner("person_id")],
    grants={"reelm_web": "SELECT, UPDATE (dropped_at)"},
)
