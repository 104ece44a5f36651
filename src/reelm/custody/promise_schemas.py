"""The words of the keys protocol about receipts: receipt keys, who vouches for promises, what commitments say."""

from uuid import UUID

from reelm.custody.messages import Message, Request


class ReceiptKey(Request, frozen=True):
    """The receipt key of a live session's own person."""

    token: str


class CertifyPromiseKey(Request, frozen=True):
    """Vouch for the promise key, a raw Ed25519 public key, of the process that asks."""

    key: bytes


class PromiseVkey(Request, frozen=True):
    """The verifier key of such certificates."""


class ClipCommitments(Request, frozen=True):
    """What would stand for a clip of the session's own person on one page.

    Attributes:
        token: a live session of the clip's author.
        clip_id: the clip.
        key: the promise key of the process that served the page.
        seed: the page's.
    """

    token: str
    clip_id: UUID
    key: bytes
    seed: bytes


PromiseRequest = ReceiptKey | CertifyPromiseKey | PromiseVkey | ClipCommitments


class Certificate(Message, frozen=True):
    """A signed note about a promise key, and from when until when it holds (Unix seconds).

    `salt_key` is what the process draws the salts of commitments from; the keys process alone can name it again.
    """

    note: str
    since: int
    until: int
    salt_key: bytes


class Commitments(Message, frozen=True):
    """One for each reason, in the order of their numbers. The salt they are made with stays."""

    values: list[bytes]
