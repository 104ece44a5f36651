"""The policy in force: every published constant of the pipeline, and the digest by which receipts name it.

`policy.json` beside this file is the document; `spec/receipt/policy.json` is the same bytes for whoever writes
another verifier, and the ledger publishes it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec


class ScoredRule(msgspec.Struct, frozen=True):
    """How many candidates are scored: the best by pre-score, and fresh ones beside them."""

    best: int
    fresh: int


class SelectRule(msgspec.Struct, frozen=True):
    """Spacing on a page, and which places are for new clips."""

    apart: int
    apart_tags: int
    explore_every: int
    explore_at: int


class ViewerRule(msgspec.Struct, frozen=True):
    """What is kept of a viewer, and what a taste is made of."""

    events: int
    acts: int
    tastes: int
    taste_unit: int
    sound_unit: int
    fade_every: int
    taste_limit: int
    history_days: int
    history_events: int


class SourcesRule(msgspec.Struct, frozen=True):
    """How many candidates each source may name, and how far each looks.

    `next_acts` are the newest acts that what-comes-next starts from, the newest weighing most.
    """

    candidates: int
    rest: int
    item: int
    next: int
    content: int
    taste: int
    per_taste: int
    following: int
    per_creator: int
    creators: int
    fresh: int
    fresh_looked_at: int
    boost: int
    trending_own_language: int
    again: int
    next_acts: int


class GuaranteeRule(msgspec.Struct, frozen=True):
    """How many impressions every new clip is given, whatever it scores."""

    impressions: int


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole document."""

    format: str
    events: dict[str, int]
    guarantee: GuaranteeRule
    scored: ScoredRule
    select: SelectRule
    sources: SourcesRule
    viewer: ViewerRule


POLICY_BYTES: Final = Path(__file__).with_name("policy.json").read_bytes()
POLICY: Final = msgspec.json.decode(POLICY_BYTES, type=Policy)
POLICY_DIGEST: Final = hashlib.sha256(POLICY_BYTES).digest()
FACTORS: Final[Mapping[str, int]] = POLICY.events
