"""A keeper on a real socket and a real store, with a stand-in for the realm's database."""

import datetime as dt
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from reelm.custody.keeper import Keeper, relying_party
from reelm.custody.passwords import Passwords
from reelm.custody.purposes import Purposes
from reelm.custody.repository import Spent
from reelm.custody.server import bind
from reelm.custody.service import KeysClient
from reelm.custody.tickets import verify_subject
from reelm.kit.clock import FixedClock
from reelm.kit.ids import SystemIds
from reelm.realm.service import RealmService

START = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
ORIGIN = "https://reelm.example"


@dataclass
class LocalRows:
    """Keeps in memory what PostgreSQL would answer; checks tickets as the database does."""

    clock: FixedClock
    secrets: list[bytes] = field(default_factory=list)
    seen_by: dict[UUID, set[UUID]] = field(default_factory=dict)
    keys: dict[UUID, tuple[UUID, bytes]] = field(default_factory=dict)
    people: set[UUID] = field(default_factory=set)
    released: dict[UUID, bytes] = field(default_factory=dict)
    announced: list[UUID] = field(default_factory=list)
    staff: dict[str, UUID] = field(default_factory=dict)
    ledger: list[tuple[int | None, dict[str, Any]]] = field(default_factory=list)
    granted: dict[tuple[str, UUID], Any] = field(default_factory=dict)
    noted: list[tuple[UUID, dict[str, Any]]] = field(default_factory=list)
    disclosed: dict[UUID, tuple[UUID, bytes]] = field(default_factory=dict)
    opened_reports: list[tuple[UUID, str]] = field(default_factory=list)
    allowances: dict[UUID, int] = field(default_factory=dict)

    async def note_opening(self, person_id: UUID, said: dict[str, Any]) -> bool:
        self.noted.append((person_id, said))
        return True

    async def install_subject_secret(self, secret: bytes) -> None:
        if secret not in self.secrets:
            self.secrets.append(secret)

    async def find_clip_key(self, ticket: str, clip_id: UUID) -> tuple[UUID, bytes] | None:
        purpose = ticket.split(".")[2]
        person = verify_subject(self.secrets[-1], ticket, purpose, self.clock.now())
        return self.keys.get(clip_id) if clip_id in self.seen_by.get(person, set()) else None

    async def find_clip_author(self, ticket: str, clip_id: UUID) -> UUID | None:
        found = await self.find_clip_key(ticket, clip_id)
        return found and found[0]

    async def list_clip_keys(self, ticket: str, clip_ids: list[UUID]) -> list[tuple[UUID, UUID, bytes]]:
        found = [(clip_id, await self.find_clip_key(ticket, clip_id)) for clip_id in clip_ids]
        return [(clip_id, *line) for clip_id, line in found if line is not None]

    async def list_existing(self, person_ids: list[UUID]) -> set[UUID]:
        return self.people & set(person_ids)

    async def list_enrolled_staff(self, key_ids: list[str]) -> dict[str, UUID]:
        return {key_id: self.staff[key_id] for key_id in key_ids if key_id in self.staff}

    async def list_entries_after(
        self, kinds: Sequence[str], index: int
    ) -> list[tuple[int | None, dict[str, Any]]]:
        return [
            (place, entry)
            for place, entry in self.ledger
            if entry["kind"] in kinds and (place is None or place > index)
        ]

    async def find_staff_key(self, person_id: UUID) -> str | None:
        return next((key_id for key_id, person in self.staff.items() if person == person_id), None)

    async def find_disclosed(self, report_id: UUID) -> tuple[UUID, bytes] | None:
        return self.disclosed.get(report_id)

    async def note_disclosure(self, new_id: UUID, report_id: UUID, key_id: str, at: dt.datetime) -> None:
        self.opened_reports.append((report_id, key_id))

    async def find_granted_identity(self, person_id: UUID) -> dict[str, bytes | None]:
        return self.granted.get(("identity", person_id), {})

    async def list_granted(self, kind: str, person_id: UUID, skip: int, most: int) -> list[dict[str, Any]]:
        return self.granted.get((kind, person_id), [])[skip : skip + most]

    async def find_granted_clip(self, person_id: UUID, clip_id: UUID) -> dict[str, Any] | None:
        row = self.granted.get(("clip", clip_id))
        return dict(row) if row and self.keys[clip_id][0] == person_id else None

    async def add_released(self, reference: UUID, entry: bytes) -> None:
        self.released.setdefault(reference, entry)

    async def spend_evaluations(self, ticket: str, count: int) -> Spent:
        person = verify_subject(self.secrets[-1], ticket, "session", self.clock.now())
        left = self.allowances.get(person, 0)
        if count > left:
            return Spent(False, left, self.clock.now() + dt.timedelta(hours=1))
        self.allowances[person] = left - count
        return Spent(True, left - count, self.clock.now())

    async def announce_revoked(self, session_ids: list[UUID]) -> None:
        self.announced += session_ids


@dataclass
class House:
    """One keeper and the way to restart it."""

    folder: Path
    rows: LocalRows
    clock: FixedClock
    ids: SystemIds
    keeper: Keeper | None = None
    clients: list[KeysClient] = field(default_factory=list)
    purposes: Purposes | None = None
    realm: RealmService | None = None
    uids: frozenset[int] = frozenset({os.getuid()})

    @property
    def address(self) -> str:
        return str(self.folder / "keys.sock")

    async def start(self) -> None:
        bound: socket.socket = bind(self.address)
        self.keeper = Keeper(
            self.folder / "keys",
            self.rows,
            relying_party(ORIGIN),
            self.clock,
            self.ids,
            allowed_uids=self.uids,
            purposes=self.purposes,
            realm=self.realm,
            passwords=Passwords(memory_kib=64, time_cost=1, threads=2, waiting=16),
        )
        await self.keeper.start(bound)

    async def stop(self) -> None:
        if self.keeper is not None:
            await self.keeper.stop()
            self.keeper = None

    def client(self, caller: str = "web", patience_seconds: float = 5.0) -> KeysClient:
        made = KeysClient(
            self.address, SystemLike(self.clock), caller=caller, patience_seconds=patience_seconds
        )  # type: ignore[arg-type]
        self.clients.append(made)
        return made

    async def person(self, client: KeysClient, password: str = "correct horse") -> tuple[UUID, str]:
        """Enrol somebody and sign them in; return id and token."""
        person_id = self.ids.new()
        await client.enrol(person_id, password=password)
        return person_id, (await client.sign_in(person_id, password, "test")).token


class SystemLike:
    """Wall time stands still with the house, waiting does not."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock

    def now(self) -> dt.datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        import time

        return time.monotonic() + self._clock.monotonic()


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="reelm-custody-", dir="/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest_asyncio.fixture
async def house(folder: Path, clock: FixedClock) -> AsyncIterator[House]:
    made = House(folder, LocalRows(clock), clock, SystemIds(clock))
    await made.start()
    yield made
    for client in made.clients:
        await client.close()
    await made.stop()
