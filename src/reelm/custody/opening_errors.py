"""Why the keys process opens nothing under a grant: one type for each of its checks (`grantproof`)."""

from typing import ClassVar

from reelm.kit.errors import NotAllowedError


class GrantRefusedError(NotAllowedError):
    """Base: an opening that the evidence does not carry. `reason` says which part of it, for whoever repairs it."""

    code: ClassVar[str] = "custody.grant_refused"
    title = "This grant does not open that."


class GrantMalformedError(GrantRefusedError):
    """An entry is not what it is given as, or not written as entries are."""

    code = "custody.grant_malformed"


class GrantNotLoggedError(GrantRefusedError):
    """An entry is not proven to be in this realm's ledger as the charter's release policy demands."""

    code = "custody.grant_not_logged"


class GrantOtherCharterError(GrantRefusedError):
    """An entry was made under another charter than the one in force, or the charter is not signed as it must be."""

    code = "custody.grant_other_charter"


class GrantStaffUnknownError(GrantRefusedError):
    """Somebody signed whom no keyholder of the charter has enrolled, or who has left."""

    code = "custody.grant_staff_unknown"


class GrantUnsignedError(GrantRefusedError):
    """The request or the approval is not signed by whoever it names."""

    code = "custody.grant_unsigned"


class GrantApproverError(GrantRefusedError):
    """Who approved may not: the same person outside an emergency, from elsewhere, or an emergency that is none."""

    code = "custody.grant_approver"


class GrantEntriesApartError(GrantRefusedError):
    """The entries do not belong together."""

    code = "custody.grant_entries_apart"


class GrantOverError(GrantRefusedError):
    """The grant's time is over, it was closed, or the use is too old."""

    code = "custody.grant_over"
    title = "The time of this grant is over."


class GrantClassError(GrantRefusedError):
    """The grant, or the use, is for another kind of data."""

    code = "custody.grant_class"


class GrantOtherPersonError(GrantRefusedError):
    """The grant, or the use, is about somebody else."""

    code = "custody.grant_other_person"


class GrantUsedBeforeError(GrantRefusedError):
    """This use was opened already; every opening needs an entry of its own."""

    code = "custody.grant_used_before"


class GrantSessionError(GrantRefusedError):
    """The session is not of the member of staff who asked for the grant."""

    code = "custody.grant_session"


REFUSALS = (
    GrantRefusedError,
    GrantMalformedError,
    GrantNotLoggedError,
    GrantOtherCharterError,
    GrantStaffUnknownError,
    GrantUnsignedError,
    GrantApproverError,
    GrantEntriesApartError,
    GrantOverError,
    GrantClassError,
    GrantOtherPersonError,
    GrantUsedBeforeError,
    GrantSessionError,
)
