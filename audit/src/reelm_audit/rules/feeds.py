"""How pages are ranked: batches of receipts, the model in force, declared boosts and demotions, keys of promises."""

from collections.abc import Mapping

from reelm_audit.feed import promises
from reelm_audit.feed.maps import map_root
from reelm_audit.rules.catalogue import found
from reelm_audit.rules.form import Entry
from reelm_audit.rules.minutes import HOUR, text_of
from reelm_audit.rules.subject import At, Bench, Handler
from reelm_audit.tlog.merkle import EMPTY_ROOT
from reelm_audit.tlog.note import NoteError, Verifier

NOTHING = "0" * 64
NO_ADJUSTMENTS = map_root(0, EMPTY_ROOT).hex()
SLACK_SECONDS = 120  # between a batch's boundary and the minute its entry is dated
_DOCUMENTS = ("model", "policy", "card", "rule")


class Feeds:
    """The last batch, the model and the list in force."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._batch: int | None = None
        self._chain = NOTHING
        self._restored = False
        self._told_until = 0
        self._model: str | None = None
        self._adjusted: str | None = None
        self._snapshot: tuple[str, int] | None = None
        self._epoch = -1
        self.handlers: Mapping[str, Handler] = {
            "feed.receipts": self._receipts,
            "ranking.changed": self._changed,
            "ranking.adjusted": self._adjustments,
            "promise.key": self._promise_key,
            "feed.snapshot": self._snapshots,
            "feed.lists": self._lists,
            "ledger.restored": self._after_restore,
        }

    def look(self, minute: int) -> None:
        """Tell if batches have ended, and the realm has not."""
        last = None if self._batch is None else self._batch * promises.BATCH_SECONDS // 60
        if last is not None and minute > max(last, self._told_until) + HOUR:
            self._told_until = minute
            self._bench.report(found("feed.batch-gap", f"There is none since {text_of(last)}."))

    def _after_restore(self, entry: Entry, at: At) -> None:
        """A restored database goes on from an earlier batch than the last one."""
        self._restored = True

    def _receipts(self, entry: Entry, at: At) -> None:
        batch, last = entry["batch"], self._batch
        if entry["previous"] != self._chain and not self._restored:
            detail = f"Batch {batch} should name {self._chain[:16]}…."
            self._bench.report(found("feed.batch-chain", detail, at.index, batch=batch))
        elif last is not None and batch <= last:
            detail = f"Batch {batch} stands after batch {last}."
            self._bench.report(found("feed.batch-order", detail, at.index, batch=batch))
        elif last is not None and batch > last + 1:
            detail = f"{batch - last - 1} missing before batch {batch}."
            self._bench.report(found("feed.batch-gap", detail, at.index, missing=batch - last - 1))
        seconds = batch * promises.BATCH_SECONDS
        if not at.minute * 60 - SLACK_SECONDS <= seconds < at.minute * 60 + 60 + SLACK_SECONDS:
            detail = f"It is of {text_of(seconds // 60)}; the entry is dated {text_of(at.minute)}."
            self._bench.report(found("feed.batch-misdated", detail, at.index, batch=batch))
        self._batch, self._restored = batch, False
        previous, root = bytes.fromhex(entry["previous"]), bytes.fromhex(entry["root"])
        self._chain = promises.batch_hash(batch, previous, root).hex()

    def _changed(self, entry: Entry, at: At) -> None:
        if entry.get("previous") != self._model:
            before = "none" if self._model is None else f"{self._model[:16]}…"
            detail = f"The model in force was {before}."
            self._bench.report(found("ranking.chain-broken", detail, at.index, model=entry["model"]))
        self._model = entry["model"]
        look_up = self._bench.context.document
        missing = [] if look_up is None else [name for name in _DOCUMENTS if look_up(entry[name]) is None]
        if missing:
            digest = entry[missing[0]]
            detail = f"There is no {' and no '.join(missing)}."
            self._bench.report(found("ranking.document-missing", detail, at.index, sha256=digest))

    def _adjustments(self, entry: Entry, at: At) -> None:
        known = {NOTHING, NO_ADJUSTMENTS} if self._adjusted is None else {self._adjusted}
        if entry["previous"] not in known:
            self._bench.report(
                found("ranking.adjusted-chain", "Another list was in force.", at.index, root=entry["root"])
            )
        elif (entry["count"] == 0) != (entry["root"] == NO_ADJUSTMENTS):
            self._bench.report(
                found("ranking.adjusted-empty", f"It is said to have {entry['count']}.", at.index)
            )
        self._adjusted = entry["root"]

    def _snapshots(self, entry: Entry, at: At) -> None:
        if self._snapshot is not None and not self._restored:
            generation, seq = self._snapshot
            if entry["generation"] == generation and entry["seq"] <= seq:
                detail = f"State {entry['seq']} stands after {seq}."
                self._bench.report(found("feed.snapshot-order", detail, at.index, seq=entry["seq"]))
        self._snapshot = entry["generation"], entry["seq"]

    def _lists(self, entry: Entry, at: At) -> None:
        if entry["epoch"] <= self._epoch and not self._restored:
            detail = f"Those of epoch {entry['epoch']} stand after {self._epoch}."
            self._bench.report(found("feed.lists-order", detail, at.index, epoch=entry["epoch"]))
        self._epoch = entry["epoch"]

    def _promise_key(self, entry: Entry, at: At) -> None:
        try:
            Verifier.from_vkey(entry["vkey"])
        except NoteError as error:
            self._bench.report(found("feed.promise-key-unreadable", f"{error}.".capitalize(), at.index))
