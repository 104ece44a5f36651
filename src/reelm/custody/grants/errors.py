"""What staff are refused, and why."""

from reelm.kit.errors import ConflictError, InvalidRequestError, NotAllowedError


class NotEnrolledError(NotAllowedError):
    """An operator without a key that a keyholder enrolled wants to do what takes one."""

    code = "custody.not_enrolled"
    title = "A keyholder has to enrol your key first."


class EnrolledAlreadyError(ConflictError):
    """The operator has an enrolled key; it has to be removed before another takes its place."""

    code = "custody.enrolled_already"
    title = "You have an enrolled key already. A keyholder has to remove it before you bring another."


class StaffKeyTakenError(ConflictError):
    """The key was brought before, by somebody, and can't be brought again."""

    code = "custody.staff_key_taken"
    title = "This key was used before. Please make a new one."


class SignatureRefusedError(InvalidRequestError):
    """The signature is not by the enrolled key of whoever sends it, over exactly what was to be signed."""

    code = "custody.signature_refused"
    title = "This signature doesn't fit. Sign exactly what is shown, with your enrolled key."


class DraftTooOldError(ConflictError):
    """What was to be signed names a time that has passed since."""

    code = "custody.draft_too_old"
    title = "This waited too long to be signed. Please begin again."


class GrantStateError(ConflictError):
    """The grant is not in a state in which this can be done: decided meanwhile, closed, or run out."""

    code = "custody.grant_state"
    title = "This grant has moved on. Look at it again."


class OwnRequestError(NotAllowedError):
    """Who asked can't decide; but an emergency is approved by whoever asks."""

    code = "custody.own_request"
    title = "Somebody else has to decide about what you asked for."


class ElsewhereError(NotAllowedError):
    """The charter says in which country whoever approves has to sit."""

    code = "custody.elsewhere"
    title = "The charter lets only staff in another country approve this."


class EmergencyRefusedError(NotAllowedError):
    """The charter knows no emergencies, or the time asked for is longer than one may last."""

    code = "custody.emergency_refused"
    title = "This can't be done as an emergency here: the charter says so, or the time is too long."


class NotGrantedError(NotAllowedError):
    """The grant is somebody else's, or does not name this person or this kind of data."""

    code = "custody.not_granted"
    title = "This grant doesn't cover that."
