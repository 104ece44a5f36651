"""What the collections room refuses, and why."""

from reelm.kit.errors import ConflictError, InvalidRequestError


class TitleUnsuitableError(InvalidRequestError):
    """Nothing is left of the title, or it is too long."""

    code = "collections.title_unsuitable"
    title = "A title has at least one letter or sign, and at most 60."


class TooManyCollectionsError(ConflictError):
    """The person has as many collections as one may have."""

    code = "collections.too_many"
    title = "You have a hundred collections already. Delete one first."


class CollectionFullError(ConflictError):
    """The collection holds as many clips as one may hold."""

    code = "collections.full"
    title = "This collection is full. Take a clip out first."


class SavedStaysError(ConflictError):
    """What is saved is its owner's alone: it is not renamed, shown or deleted."""

    code = "collections.saved_stays"
    title = "Saved clips stay as they are, for you alone."
