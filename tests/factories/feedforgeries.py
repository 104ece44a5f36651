"""Ways to cheat with a page that was honest when it was sealed: something is exchanged, withheld or forged."""

import hashlib
from dataclasses import replace

from tests.factories.feedcase import TIME, FeedCase
from tests.factories.feedpages import Page, untouched

from reelm_audit.feed import layout, promises
from reelm_audit.feed.files import FileAdjustments
from reelm_audit.tlog.note import Ed25519Signer


def truncated(case: FeedCase) -> Page:
    page = untouched(case)
    page.file = replace(page.file, receipt=page.file.receipt[:-1])
    return page


def next_version(case: FeedCase) -> Page:
    page = untouched(case)
    page.file = replace(page.file, receipt=b"RLR2" + page.file.receipt[4:])
    return page


def page_b(case: FeedCase) -> Page:
    """Page B is shown with the receipt of page A."""
    other = FeedCase(case.seed + 500)
    return untouched(case, shown=other.receipt.clips)


def stranger_shown(case: FeedCase) -> Page:
    """One clip that was not chosen stands among the others."""
    return untouched(case, shown=(*case.receipt.clips[:4], bytes(16), *case.receipt.clips[5:]))


def reordered_on_the_way(case: FeedCase) -> Page:
    a, b, *others = case.receipt.clips
    return untouched(case, shown=(b, a, *others))


def receipt_exchanged(case: FeedCase) -> Page:
    """The receipt that is handed out later says something else of the same clips."""
    other = layout.changed(case.receipt, commitments=tuple(bytes(16) for _ in range(8)))
    page = untouched(case)
    page.file = replace(page.file, receipt=layout.encode(other))
    return page


def other_leaf_key(case: FeedCase) -> Page:
    leaf = promises.leaf_of(bytes(32), case.receipt.clips, layout.digest_of(layout.encode(case.receipt)))
    return untouched(case, promise=case.promise(leaf=leaf))


def never_logged(case: FeedCase) -> Page:
    return untouched(case, inclusion=None, entry=None)


def logged_late(case: FeedCase) -> Page:
    page = untouched(case)
    assert page.file.promise is not None
    inclusion, entry, map_entry = case.logged(page.file.promise.leaf, batch=TIME // 10 + 30)
    page.file = replace(
        page.file, inclusion=inclusion, entry=entry,
        adjustments=FileAdjustments(map_entry, case.shown()),
    )  # fmt: skip
    return page


def forged_inclusion(case: FeedCase) -> Page:
    page = untouched(case)
    assert page.file.inclusion is not None
    hashes = (hashlib.sha256(b"").digest(), *page.file.inclusion.hashes[1:])
    page.file = replace(page.file, inclusion=replace(page.file.inclusion, hashes=hashes))
    return page


def other_batch(case: FeedCase) -> Page:
    """The proof names an earlier batch than the entry is of."""
    page = untouched(case)
    assert page.file.inclusion is not None
    page.file = replace(
        page.file, inclusion=replace(page.file.inclusion, batch=page.file.inclusion.batch - 1)
    )
    return page


def batch_outside_the_ledger(case: FeedCase) -> Page:
    """The batch's entry was changed after it was logged."""
    page = untouched(case)
    assert page.file.entry is not None
    data = page.file.entry.data.replace(b'"root":"', b'"root":"00', 1)
    page.file = replace(page.file, entry=replace(page.file.entry, data=data))
    return page


def forged_promise(case: FeedCase) -> Page:
    stranger = Ed25519Signer("process", case.random.randbytes(32))
    promise = case.promise()
    return untouched(case, promise=replace(promise, signature=stranger.sign(promise.to_sign())))


def uncertified_key(case: FeedCase) -> Page:
    stranger = Ed25519Signer(case.promiser.name, case.random.randbytes(32))
    return untouched(case, certificate=case.certificate(by=stranger))


def expired_key(case: FeedCase) -> Page:
    return untouched(case, certificate=case.certificate(until=TIME - 1))


def long_promise(case: FeedCase) -> Page:
    return untouched(case, promise=case.promise(include_by=TIME + 3600))


def other_time(case: FeedCase) -> Page:
    return untouched(case, promise=case.promise(at=TIME + 7))
