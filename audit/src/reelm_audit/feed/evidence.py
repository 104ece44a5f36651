"""Is a receipt the one of the page that was shown, was it promised, and is it in the ledger?

`Evidence` is what a viewer has of one page. `check_page` holds it together; what could not be checked for want of a
part is simply not said.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reelm_audit.feed import layout, maps, promises
from reelm_audit.feed.layout import Receipt
from reelm_audit.feed.maps import Adjustment, MapError, MapProof
from reelm_audit.feed.problem import Problem
from reelm_audit.feed.promises import Inclusion, Promise, PromiseError, PromiseKey


@dataclass(frozen=True)
class ShownAdjustment:
    """What the map of adjustments says of one scored clip: `value` is what stands there, None if nothing does."""

    index: int
    clip: bytes
    value: bytes | None
    proof: MapProof


@dataclass(frozen=True)
class Adjustments:
    """The map that a page used: its ledger entry (already proved to be in the ledger), and what it says of clips."""

    entry: Mapping[str, Any] | None
    shown: tuple[ShownAdjustment, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Batch:
    """The batch that a leaf is in: its ledger entry, already proved to be in the ledger."""

    entry: Mapping[str, Any] | None
    inclusion: Inclusion
    problem: str = ""


@dataclass(frozen=True)
class Evidence:
    """What a viewer has of one page. `now` is when they look, None if that is not to be judged."""

    data: bytes
    shown: tuple[bytes, ...]
    key: bytes
    digest: bytes | None = None
    promise: Promise | None = None
    promise_key: PromiseKey | None = None
    batch: Batch | None = None
    adjustments: Adjustments | None = None
    now: int | None = None
    problems: tuple[Problem, ...] = field(default=())


def check_page(evidence: Evidence, receipt: Receipt) -> list[Problem]:
    """Return what is wrong with a page's receipt as the receipt of that page."""
    return [
        *evidence.problems,
        *_items(evidence, receipt),
        *_promise(evidence, receipt),
        *_batch(evidence, receipt),
        *_adjustments(evidence.adjustments, receipt),
    ]


def _items(evidence: Evidence, receipt: Receipt) -> Iterator[Problem]:
    if evidence.shown != receipt.clips:
        strangers = set(evidence.shown) - set(receipt.clips)
        detail = (
            f"{len(strangers)} of the clips shown are not in the receipt."
            if strangers
            else "The clips shown are not all of the receipt's, or stand in another order."
        )
        yield Problem("feed.page-differs", detail)
        return
    digest = layout.digest_of(evidence.data)
    if evidence.digest is not None and evidence.digest != digest:
        yield Problem("feed.receipt-differs", "The page named a receipt with another digest.")
        return
    if evidence.promise is not None:
        leaf = promises.leaf_of(evidence.key, evidence.shown, digest)
        if leaf != evidence.promise.leaf:
            yield Problem("feed.leaf-differs", "The leaf was not made with the viewer's key of this page.")


def _promise(evidence: Evidence, receipt: Receipt) -> Iterator[Problem]:
    promise, key = evidence.promise, evidence.promise_key
    if promise is None:
        return
    if key is not None:
        try:
            promise.verify(key.key)
        except PromiseError as error:
            yield Problem("feed.promise-forged", f"{error}.".capitalize())
            return
        if not key.since <= promise.at <= key.until:
            yield Problem("feed.promise-key", "The key was not in force when the promise was made.")
    if promise.at != receipt.time:
        yield Problem("feed.time-differs", f"The promise is of {promise.at}, the receipt of {receipt.time}.")
    if not promise.at <= promise.include_by <= promise.at + promises.INCLUDE_WITHIN:
        yield Problem("feed.promise-long", f"It leaves {promise.include_by - promise.at} seconds.")


def _batch(evidence: Evidence, receipt: Receipt) -> Iterator[Problem]:
    """Without a promise at hand the leaf is computed, and the time is what any promise may leave at most."""
    promise, batch = evidence.promise, evidence.batch
    if promise is not None:
        leaf, by = promise.leaf, promise.include_by
    else:
        leaf = promises.leaf_of(evidence.key, evidence.shown, layout.digest_of(evidence.data))
        by = receipt.time + promises.INCLUDE_WITHIN
    if batch is None:
        if evidence.now is not None:
            code = "feed.never-logged" if evidence.now > by else "feed.too-early"
            yield Problem(code, f"It had to be by {by}; at {evidence.now} there was no proof.")
        return
    if batch.entry is None:
        yield Problem("feed.batch-unproved", batch.problem or "No entry of the ledger is shown for it.")
        return
    root = _root(batch.entry, "feed.receipts")
    if root is None or batch.entry.get("batch") != batch.inclusion.batch:
        yield Problem("feed.batch-unproved", "The entry shown is not that of the batch.")
        return
    try:
        batch.inclusion.verify(leaf, root)
    except PromiseError as error:
        yield Problem("feed.inclusion-forged", f"{error}.".capitalize())
        return
    boundary = batch.inclusion.batch * promises.BATCH_SECONDS
    if boundary > by:
        yield Problem("feed.promise-broken", f"It went into the ledger {boundary - by} seconds late.")


def _root(entry: Mapping[str, Any], kind: str) -> bytes | None:
    root = entry.get("root")
    if entry.get("kind") != kind or not isinstance(root, str) or len(root) != 64:
        return None
    try:
        return bytes.fromhex(root)
    except ValueError:
        return None


def _adjustments(given: Adjustments | None, receipt: Receipt) -> Iterator[Problem]:
    """Hold the receipt's adjustments against the declared map."""
    if receipt.adjustments == layout.ZERO:
        if receipt.adjusted:
            yield Problem("feed.adjustment-undeclared", "Scores were adjusted, and no map is named.")
        return
    if given is None:
        return
    if given.entry is None or _root(given.entry, "ranking.adjusted") != receipt.adjustments:
        yield Problem(
            "feed.adjustments-unlogged", given.problem or "No entry of the ledger holds the map's root."
        )
        return
    applied = {each.index: each for each in receipt.adjusted}
    ids = {each.index: each.clip for each in receipt.chosen}
    shown = {each.index for each in given.shown}
    for each in given.shown:
        yield from _adjustment(each, receipt, applied.get(each.index), ids.get(each.index))
    missing = [index for index in sorted({*applied, *ids}) if index not in shown]
    if missing:
        yield Problem("feed.adjustment-unproved", f"Nothing is shown for candidate {missing[0]}.")


def _adjustment(
    each: ShownAdjustment, receipt: Receipt, applied: layout.Adjusted | None, clip: bytes | None
) -> Iterator[Problem]:
    if clip is not None and clip != each.clip:
        yield Problem("feed.adjustment-unproved", f"Candidate {each.index} is another clip.")
        return
    try:
        stands = maps.verify(each.proof, maps.key_of(each.clip), receipt.adjustments)
    except MapError as error:
        code = "feed.absence-forged" if each.value is None else "feed.adjustment-forged"
        yield Problem(code, f"Candidate {each.index}: {error}.")
        return
    declared: Adjustment | None = None
    if stands is not None:
        if each.value is None or hashlib.sha256(each.value).digest() != stands:
            yield Problem("feed.adjustment-forged", f"Candidate {each.index}: the map says something else.")
            return
        try:
            declared = maps.adjustment_from(each.value)
        except MapError as error:
            yield Problem("feed.adjustment-forged", f"Candidate {each.index}: {error}.")
            return
    elif each.value is not None:
        yield Problem("feed.adjustment-forged", f"Candidate {each.index}: the map says nothing of it.")
        return
    if declared is not None and not declared.is_on(receipt.time):
        declared = None
    said = None if applied is None else (applied.kind, applied.points, applied.reason)
    due = None if declared is None else (declared.kind, declared.points, declared.reason)
    if said == due:
        return
    if said is None:
        yield Problem("feed.adjustment-left-out", f"Candidate {each.index} has one that was not applied.")
    else:
        yield Problem(
            "feed.adjustment-undeclared", f"Candidate {each.index} was given {said[1]} points; declared is "
            f"{'nothing' if due is None else f'{due[1]} points'}.",
        )  # fmt: skip
