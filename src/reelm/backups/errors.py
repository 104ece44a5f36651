"""What can go wrong with a backup, in words for whoever sits at the machine."""


class BackupError(Exception):
    """A backup can't be written, or not be used; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
