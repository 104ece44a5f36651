"""What happens to the ledger itself: a restored database, a new key."""

from collections.abc import Mapping

from reelm_audit.rules.catalogue import found
from reelm_audit.rules.form import Entry
from reelm_audit.rules.subject import At, Bench, Handler
from reelm_audit.tlog.note import NoteError, Verifier


class Upkeep:
    """The key that the ledger announced last."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._key: str | None = None
        self._key_index = 0
        self._reported = False
        self.handlers: Mapping[str, Handler] = {
            "ledger.restored": self._restored,
            "key.rotated": self._rotated,
        }

    def look(self, minute: int) -> None:
        """Report if checkpoints are signed with another key than the last one that was announced."""
        vkey = self._bench.context.vkey
        if vkey is not None and self._key is not None and vkey != self._key and not self._reported:
            self._reported = True
            self._bench.report(
                found("rotated.new-key", f"Announced was {self._key}; in use is {vkey}.", self._key_index)
            )

    def _restored(self, entry: Entry, at: At) -> None:
        database, adopted = entry["db_size"], entry["adopted_size"]
        if not database <= adopted <= at.index:
            self._bench.report(
                found(
                    "restored.impossible",
                    f"A database of {database} entries, brought to {adopted}, in entry {at.index}.",
                    at.index,
                    db_size=database,
                    adopted_size=adopted,
                )
            )

    def _rotated(self, entry: Entry, at: At) -> None:
        if self._key is not None and entry["old"] != self._key:
            self._bench.report(
                found(
                    "rotated.old-key",
                    f"The key in use since entry {self._key_index} is another one.",
                    at.index,
                )
            )
        try:
            Verifier.from_vkey(entry["new"])
        except NoteError as error:
            self._bench.report(found("rotated.unreadable", f"{error}.", at.index))
            return
        self._key, self._key_index = entry["new"], at.index
