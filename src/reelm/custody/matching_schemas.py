"""The words of the keys protocol about finding people: blinded elements go in, evaluated ones come out."""

from reelm.custody.messages import Message, Request

ELEMENT_BYTES = 32
PROOF_BYTES = 64
MOST_ELEMENTS = 100


class MatchingKey(Request, frozen=True):
    """The public key of what evaluates, which every proof is checked with."""


class EvaluateElements(Request, frozen=True):
    """Evaluate blinded elements for a live session's own person, whose allowance pays for them.

    Attributes:
        token: the session's.
        elements: 1 to 100 blinded elements, one after the other.
    """

    token: str
    elements: bytes


MatchingRequest = MatchingKey | EvaluateElements


class PublicKey(Message, frozen=True):
    """A public key of 32 bytes, and the name people know it by."""

    key: bytes
    key_id: str


class Evaluated(Message, frozen=True):
    """The elements evaluated, in the same order; the proof for all of them; and how many more may be asked now."""

    elements: bytes
    proof: bytes
    key_id: str
    left: int
