"""The declared purposes: what a job may open without its person being there.

The declaration is data (`purposes.json`, published as `spec/custody/purposes.json`): a purpose that is not in
it opens nothing, and a column that is not listed under it is not opened by it.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from reelm.custody.errors import TicketRefusedError
from reelm.custody.tickets import PURPOSE

DECLARATION = Path(__file__).with_name("purposes.json")


class Purpose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One purpose.

    Attributes:
        about: what is done, in a sentence a person understands.
        columns: the encrypted columns (`table.column`) it opens; empty means no data key is released.
        clip_key: whether it opens the clip that the ticket names.
        ttl_seconds: how long a ticket minted in a session may live.
        schedule: whether the worker may ask for it without a session.
        schedule_opens_columns: whether such a ticket, too, opens the listed columns.
        own_clips: whether it opens every clip of its person, one by one.
        opens_references: whether it may show that entries of the ledger are about its person.
        signs_exports: whether it may have an export's manifest signed.
        erases: whether it destroys its person's keys. Its ticket is made only for somebody who has just proven
            who they are, and goes on naming its person when the keys are gone.
    """

    about: str
    columns: list[str] = []
    clip_key: bool = False
    ttl_seconds: int = 3600
    schedule: bool = False
    schedule_opens_columns: bool = False
    own_clips: bool = False
    opens_references: bool = False
    signs_exports: bool = False
    erases: bool = False


class _Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    purposes: dict[str, Purpose]


class Purposes:
    """The purposes of this release. Raises ValueError when the declaration contradicts itself."""

    def __init__(self, purposes: Mapping[str, Purpose]) -> None:
        for name, purpose in purposes.items():
            if not PURPOSE.fullmatch(name):
                raise ValueError(f"{name!r} can't be the name of a purpose")
            if any(column.count(".") != 1 for column in purpose.columns):
                raise ValueError(f"purpose {name}: a column is written table.column")
            if purpose.erases and (purpose.schedule or purpose.columns):
                raise ValueError(f"purpose {name}: what erases runs by no schedule and opens nothing")
            if purpose.schedule_opens_columns and not (purpose.schedule and purpose.columns):
                raise ValueError(
                    f"purpose {name}: opens columns by schedule, but has no schedule or no columns"
                )
        self._purposes = dict(purposes)

    @classmethod
    def read(cls, path: Path = DECLARATION) -> "Purposes":
        return cls(msgspec.json.decode(path.read_bytes(), type=_Declaration).purposes)

    def get(self, name: str) -> Purpose:
        """Return a declared purpose. Raises TicketRefusedError for any other."""
        try:
            return self._purposes[name]
        except KeyError:
            raise TicketRefusedError("No such purpose is declared.") from None
