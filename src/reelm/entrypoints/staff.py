"""What only a keyholder may do: say whose key counts as staff, and whose counts no more.

A keyholder's signature goes into the ledger; `reelm keys` believes nothing else. The table is written beside it, so
that the console knows. Runs with the administrator's password, in a short-lived process; the key is read from its
file for this one signature.
"""

import asyncio
import base64
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import Clock, SystemClock
from reelm.kit.database import Database, UnitOfWork
from reelm.kit.ids import SystemIds
from reelm.ledger.service import LedgerLateError, LedgerService, entries
from reelm.realm.charter import FOLDER, KEY_FILE
from reelm.realm.service import RealmService
from reelm.settings import Settings
from reelm_audit.entries import to_sign
from reelm_audit.tlog import canonical
from reelm_audit.tlog.note import Verifier

WAIT_SECONDS = 30.0
_KEY_BYTES = 32
_STAFF = (
    "SELECT p.handle, d.role, s.key_id, s.public_key, s.country, s.state, s.enrolled_at, s.enrolled_leaf "
    "FROM staff s JOIN people p ON p.id = s.person_id JOIN person_details d ON d.person_id = p.id"
)
_PLACES = {
    "enrol": "UPDATE staff SET enrolled_leaf = $2 WHERE key_id = $1",
    "remove": "UPDATE staff SET left_leaf = $2 WHERE key_id = $1",
}
T = TypeVar("T")


class StaffError(Exception):
    """What keeps a keyholder from enrolling or removing somebody, in a sentence."""


class KeyholderSigner:
    """A keyholder's key from its file: 32 bytes, base64. Only for a keyholder whom the charter names."""

    def __init__(self, path: Path, realm: RealmService) -> None:
        try:
            raw = base64.b64decode(path.read_bytes(), validate=False)
        except (OSError, ValueError) as error:
            raise StaffError(f"The keyholder's key can't be read from {path}.") from error
        if len(raw) != _KEY_BYTES:
            raise StaffError(f"There is no keyholder's key in {path}.")
        self._key = Ed25519PrivateKey.from_private_bytes(raw)
        public = self._key.public_key().public_bytes_raw()
        members = [m for m in realm.document.keyholders.members if _public(m.vkey) == public]
        if not members:
            raise StaffError(f"The key in {path} belongs to no keyholder of the charter.")
        self.vkey = members[0].vkey
        self.name = members[0].name

    def sign(self, text: bytes) -> str:
        return base64.b64encode(self._key.sign(text)).decode()


class Proposal(msgspec.Struct, frozen=True):
    """What a keyholder is about to sign: `text` is exactly that."""

    act: Literal["enrol", "remove"]
    handle: str
    key_id: str
    country: str
    keyholder: str
    entry: bytes
    text: str


class Done(msgspec.Struct, frozen=True):
    """What was signed. `index` is None when the ledger has not confirmed it in time: it will."""

    handle: str
    key_id: str
    state: Literal["enrolled", "left"]
    index: int | None


def list_staff(settings: Settings) -> list[dict[str, Any]]:
    """Return everybody who brought a key, the oldest first."""

    async def found(uow: UnitOfWork) -> list[dict[str, Any]]:
        rows = await uow.fetch(f"{_STAFF} ORDER BY s.asked_at, s.key_id")
        return [
            {
                "handle": row["handle"],
                "key_id": row["key_id"],
                "country": row["country"],
                "state": row["state"],
                "enrolled_at": row["enrolled_at"].isoformat() if row["enrolled_at"] else None,
                "index": row["enrolled_leaf"],
            }
            for row in rows
        ]

    return asyncio.run(_as_administrator(settings, found))


def propose(
    settings: Settings,
    act: Literal["enrol", "remove"],
    handle: str,
    key: Path | None,
    clock: Clock | None = None,
) -> Proposal:
    """Return what has to be signed to enrol or remove somebody. Raises `StaffError`."""
    realm = RealmService.load(settings)
    signer = KeyholderSigner(key or settings.data / FOLDER / KEY_FILE, realm)
    now = (clock or SystemClock()).now()

    async def prepared(uow: UnitOfWork) -> Proposal:
        wanted = "asked" if act == "enrol" else "enrolled"
        row = await uow.fetch_row(
            f"{_STAFF} WHERE p.handle_key = $1 AND s.state = $2", handle.lstrip("@").casefold(), wanted
        )
        if row is None:
            raise StaffError(
                f"@{handle} has brought no key. Staff make it in their console."
                if act == "enrol"
                else f"@{handle} has no enrolled key."
            )
        if act == "enrol" and row["role"] != "operator":
            raise StaffError(f"@{handle} is no operator of this realm.")
        said = canonical.decode(_unsigned(act, row, signer.vkey, realm.charter_digest, now).to_bytes())
        return Proposal(
            act=act,
            handle=row["handle"],
            key_id=row["key_id"],
            country=row["country"],
            keyholder=signer.name,
            entry=canonical.encode(said),
            text=to_sign(said).decode(),
        )

    return asyncio.run(_as_administrator(settings, prepared))


def _unsigned(act: str, row: Any, keyholder: str, charter: str, now: dt.datetime) -> entries.Entry:
    if act == "remove":
        return entries.StaffLeft(
            at=entries.minute(now), charter=charter, staff=row["key_id"], keyholder=keyholder, signature=""
        )
    return entries.StaffEnrolled(
        at=entries.minute(now),
        charter=charter,
        staff=row["key_id"],
        key=base64.b64encode(row["public_key"]).decode(),
        country=row["country"],
        keyholder=keyholder,
        signature="",
    )


def carry_out(settings: Settings, proposal: Proposal, key: Path | None, clock: Clock | None = None) -> Done:
    """Sign, write entry and row in one transaction, and wait until the ledger holds it. Raises `StaffError`."""
    signer = KeyholderSigner(key or settings.data / FOLDER / KEY_FILE, RealmService.load(settings))
    said = {**canonical.decode(proposal.entry), "signature": signer.sign(proposal.text.encode())}
    kind = entries.StaffEnrolled if proposal.act == "enrol" else entries.StaffLeft
    entry: entries.Entry = msgspec.convert(said, kind)
    return asyncio.run(_carry_out(settings, proposal, entry, clock or SystemClock()))


async def _carry_out(settings: Settings, proposal: Proposal, entry: entries.Entry, clock: Clock) -> Done:
    enrols = proposal.act == "enrol"
    database = await Database.open(settings.database, "reelm_admin", size=2)
    ledger = LedgerService(database, LocalBlobStore(settings.blobs), clock, SystemIds(clock))
    try:
        async with database.transaction() as uow:
            ref = await ledger.append(uow, entry)
            changed = await _note(uow, proposal, ref, clock.now())
            if not changed:
                raise StaffError("Something changed meanwhile. Please look again.")
        index = None
        try:
            index = (await ledger.included(ref, WAIT_SECONDS)).index
        except LedgerLateError:
            pass  # the worker notes the place when there is one
        else:
            async with database.transaction() as uow:
                await uow.execute(_PLACES[proposal.act], proposal.key_id, index)
    finally:
        await database.close()
    return Done(proposal.handle, proposal.key_id, "enrolled" if enrols else "left", index)


async def _note(uow: UnitOfWork, proposal: Proposal, ref: UUID, now: dt.datetime) -> int:
    if proposal.act == "enrol":
        return await uow.execute(
            "UPDATE staff SET state = 'enrolled', enrolled_at = $2, enrolled_ref = $3 "
            "WHERE key_id = $1 AND state = 'asked'",
            *(proposal.key_id, now, ref),
        )
    return await uow.execute(
        "UPDATE staff SET state = 'left', left_at = $2, left_ref = $3 "
        "WHERE key_id = $1 AND state = 'enrolled'",
        *(proposal.key_id, now, ref),
    )


async def _as_administrator(settings: Settings, ask: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    database = await Database.open(settings.database, "reelm_admin", size=1)
    try:
        async with database.transaction() as uow:
            return await ask(uow)
    finally:
        await database.close()


def _public(vkey: str) -> bytes:
    return Verifier.from_vkey(vkey).public_key
