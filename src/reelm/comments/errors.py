"""What the comments room refuses, and why."""

from reelm.kit.errors import ConflictError, InvalidRequestError, NotAllowedError


class CommentUnsuitableError(InvalidRequestError):
    """Nothing is left of the text, or it is too long."""

    code = "comments.unsuitable"
    title = "A comment has at least one letter or sign, and at most 500."


class CommentsClosedError(NotAllowedError):
    """The clip's author takes no comments under it."""

    code = "comments.closed"
    title = "Comments are closed under this clip."


class ReplyNotPinnableError(ConflictError):
    """Only what begins a thread can be pinned."""

    code = "comments.reply_not_pinnable"
    title = "Only a comment can be pinned, not a reply to one."
