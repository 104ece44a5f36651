"""What can go wrong in the ledger: two kinds of waiting, and one that stops it."""

from reelm.kit.errors import OverloadedError


class LedgerLateError(OverloadedError):
    """The entry has no published checkpoint yet that enough witnesses have cosigned."""

    code = "ledger.late"
    title = "The public ledger has not confirmed this yet. Nothing was opened; please try again in a moment."


class LedgerBusyError(OverloadedError):
    """More entries wait for their place than the ledger can take in soon."""

    code = "ledger.busy"
    title = "The public ledger is behind with its work. Please try again in a moment."


class LedgerFatalError(Exception):
    """What the ledger holds contradicts itself: no further entry may be published before somebody has looked."""


class LedgerTakenOverError(Exception):
    """Another sequencer writes now; this one must not any more."""
