"""Which candidates are scored, and which of them make the page (`spec/receipt/README.md`, "Choosing").

The numbers come from the policy, a published document that the receipt names by its digest. What a policy says of
retrieval is `retrieval`'s to read.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from reelm_audit.feed.layout import NO_GROUP, Scored, Source, chance
from reelm_audit.tlog import canonical

FORMAT = "reelm-policy/1"
EXPLORE = b"explore"


class PolicyError(ValueError):
    """Bytes are not a policy that is known here."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers by which a page is chosen; `document` is the whole of it."""

    best: int
    fresh: int
    apart: int
    apart_tags: int
    explore_every: int
    explore_at: int
    digest: bytes
    document: Mapping[str, Any]


class Candidate(Protocol):
    """What choosing knows of a candidate before it is scored."""

    @property
    def row(self) -> int:
        """The clip's row."""

    @property
    def sources(self) -> int:
        """Its sources, as bits."""

    @property
    def pre(self) -> int:
        """Its pre-score."""


def parse_policy(data: bytes) -> Policy:
    """Read a policy's canonical JSON; raises `PolicyError`."""
    try:
        value = canonical.decode(data)
    except canonical.CanonicalError as error:
        raise PolicyError(f"the policy can't be read: {error}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise PolicyError("this is not a policy of a version that is known here")
    scored = _numbers(value.get("scored"), best=(1, 80), fresh=(0, 80))
    select = _numbers(
        value.get("select"), apart=(0, 50), apart_tags=(0, 50), explore_every=(1, 1000), explore_at=(0, 999)
    )
    if scored[0] + scored[1] > 80:
        raise PolicyError("a receipt holds at most 80 scored candidates")
    best, fresh = scored
    apart, apart_tags, every, at = select
    return Policy(best, fresh, apart, apart_tags, every, at, hashlib.sha256(data).digest(), value)


def _numbers(part: object, **bounds: tuple[int, int]) -> list[int]:
    if not isinstance(part, dict) or set(part) != set(bounds):
        raise PolicyError(f"a part of the policy has other fields than {', '.join(bounds)}")
    found = []
    for name, (least, most) in bounds.items():
        number = part[name]
        if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
            raise PolicyError(f"{name} is no number from {least} to {most}")
        found.append(number)
    return found


def by_pre(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates by pre-score, the best first; of equal ones the newer row."""
    return sorted(candidates, key=lambda each: (-each.pre, -each.row))


def scored_rows(candidates: Sequence[Candidate], policy: Policy, seed: bytes) -> set[int]:
    """Return the rows of the candidates that are to be scored."""
    ordered = by_pre(candidates)
    chosen = {each.row for each in ordered[: policy.best]}
    fresh = [each.row for each in ordered[policy.best :] if each.sources & Source.FRESH]
    return chosen | set(sorted(fresh, key=lambda row: chance(seed, row))[: policy.fresh])


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a page: the candidate that belongs there, and why it and no other."""

    index: int
    exploring: bool
    rules: int


def select(
    scored: Sequence[Scored], finals: Sequence[int], policy: Policy, seed: bytes, position: int, count: int
) -> list[Place]:
    """Return the page's places, in order: indices into `scored`."""
    queue = sorted(range(len(scored)), key=lambda i: (-finals[i], -scored[i].row))
    fresh = [i for i in queue if scored[i].sources & Source.FRESH]
    fresh.sort(key=lambda i: chance(seed, scored[i].row, EXPLORE))
    taken: list[int] = []
    places: list[Place] = []
    for place in range(min(count, len(scored))):
        exploring = explores(policy, position + place)
        pool = (
            [i for i in (*fresh, *queue) if i not in taken]
            if exploring
            else [i for i in queue if i not in taken]
        )
        index, rules = first_spaced(scored, pool, taken, policy)
        taken.append(index)
        places.append(Place(index, exploring, rules))
    return places


def explores(policy: Policy, place: int) -> bool:
    """Say whether this place of a visit is for new clips."""
    return place % policy.explore_every == policy.explore_at


def first_spaced(
    scored: Sequence[Scored], pool: Sequence[int], taken: Sequence[int], policy: Policy
) -> tuple[int, int]:
    """Return the first of `pool` that keeps its distance, and how many of the three rules held for it."""
    for rules in (3, 2, 1):
        for index in pool:
            if is_spaced(scored, index, taken, policy, rules):
                return index, rules
    return pool[0], 0


def is_spaced(scored: Sequence[Scored], index: int, taken: Sequence[int], policy: Policy, rules: int) -> bool:
    """Say whether a candidate keeps its distance: 1 of its creator, 2 of its sound too, 3 of its first tag too."""
    here = scored[index]
    near = [scored[other] for other in taken[-policy.apart :]] if policy.apart else []
    if rules >= 1 and any(here.author == other.author for other in near):
        return False
    if rules >= 2 and here.sound != NO_GROUP and any(here.sound == other.sound for other in near):
        return False
    if rules >= 3 and here.tag != NO_GROUP and policy.apart_tags:
        last = [scored[other].tag for other in taken[-policy.apart_tags :]]
        return len(last) < policy.apart_tags or any(tag != here.tag for tag in last)
    return True


def groups_are_in_order(groups: Sequence[int]) -> bool:
    """Say whether groups are numbered from 0 on in order of first appearance."""
    following = 0
    for group in groups:
        if group == NO_GROUP:
            continue
        if group > following:
            return False
        following += group == following
    return True
