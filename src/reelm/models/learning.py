"""Tables of the room `feed`: models of the ranker, and which of them was in force when.

Nothing here is about a person. What models are learned from are watch events, which leave the database only through
the functions of learning.sql, without any person's name on them.
"""

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.types import BigInteger, Text

from reelm.models.declare import Audience, DataClass, column, declare
from reelm.models.people import NOW, WHEN

LEARNER = "reelm_indexer"
VERDICTS = ("seed", "fit", "unfit")
CAUSES = ("seed", "release", "rollback")


def _one_of(name: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{name} IN ('" + "', '".join(values) + "')", name=name)


def _audiences() -> list[Audience]:
    return [
        Audience("everyone", "SELECT", "true", role=f"reelm_web, {LEARNER}"),
        Audience("learner_adds", "INSERT", "", "true", role=LEARNER),
        Audience("learner_changes", "UPDATE", "true", "true", role=LEARNER),
    ]


ranking_models = declare(
    "ranking_models",
    column("digest", Text(), DataClass.PUBLIC, primary_key=True),
    column("name", Text(), DataClass.PUBLIC),
    column("card", Text(), DataClass.PUBLIC),
    column("verdict", Text(), DataClass.PUBLIC),
    column("made_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    Index("ix_ranking_models_made_at", "made_at"),
    _one_of("verdict", VERDICTS),
    purpose="Models that put clips in order for a feed, and whether each was good enough to be put in force.",
    retention="As long as the realm: whoever checks an old page needs to know by what it was put in order.",
    audiences=_audiences(),
    grants={"reelm_web": "SELECT", LEARNER: "SELECT, INSERT"},
)

ranking_changes = declare(
    "ranking_changes",
    # The reference of the ledger's entry: it is written first, and only once it is public does the model change.
    column("ref", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("model", Text(), DataClass.PUBLIC),
    column("card", Text(), DataClass.PUBLIC),
    column("previous", Text(), DataClass.PUBLIC, nullable=True),
    column("policy", Text(), DataClass.PUBLIC),
    column("rule", Text(), DataClass.PUBLIC),
    column("cause", Text(), DataClass.PUBLIC),
    column("asked_at", WHEN, DataClass.PUBLIC, server_default=NOW),
    column("entry_index", BigInteger(), DataClass.PUBLIC, nullable=True),
    column("in_force_at", WHEN, DataClass.PUBLIC, nullable=True),
    Index("ix_ranking_changes_asked_at", "asked_at"),
    _one_of("cause", CAUSES),
    purpose="Which model put clips in order from when on, each change with its place in the public ledger.",
    retention="As long as the realm.",
    audiences=_audiences(),
    grants={"reelm_web": "SELECT", LEARNER: "SELECT, INSERT, UPDATE (entry_index, in_force_at)"},
)
