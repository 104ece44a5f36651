"""What can go wrong with receipts, and is foreseen."""

from reelm.kit.errors import OverloadedError, ReelmError


class ReceiptsFullError(OverloadedError):
    """Receipts can't be written: without one no page is served."""

    code = "feed.receipts_full"
    title = "The realm can't keep the receipt of this page just now. Please try again in a moment."


class ReceiptGoneError(ReelmError):
    """The index knows the receipt, but its record is not there, or does not open."""

    code = "feed.receipt_gone"
    status = 410
    title = "The record of this page is no longer here."
