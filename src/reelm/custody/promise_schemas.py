"""The words of the keys protocol about receipts: a person's receipt key, and who vouches for promises."""

from reelm.custody.messages import Message, Request


class ReceiptKey(Request, frozen=True):
    """The receipt key of a live session's own person."""

    token: str


class CertifyPromiseKey(Request, frozen=True):
    """Vouch for the promise key, a raw Ed25519 public key, of the process that asks."""

    key: bytes


class PromiseVkey(Request, frozen=True):
    """The verifier key of such certificates."""


PromiseRequest = ReceiptKey | CertifyPromiseKey | PromiseVkey


class Certificate(Message, frozen=True):
    """A signed note about a promise key, and from when until when it holds (Unix seconds).

    `salt_key` is what the process draws the salts of commitments from; the keys process alone can name it again.
    """

    note: str
    since: int
    until: int
    salt_key: bytes
