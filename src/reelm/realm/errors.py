"""What can go wrong with a charter, and is foreseen."""

from reelm.kit.errors import ConflictError, InvalidRequestError


class CharterUnusableError(InvalidRequestError):
    """What was proposed can't be a charter: `fields` has a sentence for each code."""

    code = "charter.unusable"
    title = "This can't be a charter."


class CharterSignatureError(InvalidRequestError):
    """A signature that is not over this proposal, or by nobody whom it concerns."""

    code = "charter.signature_refused"
    title = "This signature doesn't belong to this charter and a keyholder of it."


class CharterNotAdoptableError(ConflictError):
    """Signatures are missing, or something speaks against the proposal."""

    code = "charter.not_adoptable"
    title = "This version can't take effect yet."


class TooManyProposalsError(ConflictError):
    """Proposals are kept until they are taken back, and there are only so many."""

    code = "charter.too_many_proposals"
    title = "There are too many proposals. Take one back first."
