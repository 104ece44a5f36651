"""Composition: every room's service built once per process, and who listens to whose events."""

from dataclasses import dataclass
from typing import Self

from reelm.accounts.service import AccountsService
from reelm.custody.service import KeysClient
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import Clock, SystemClock
from reelm.kit.database import Database
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids, SystemIds
from reelm.kit.limits import RateLimiter
from reelm.realm.service import RealmService
from reelm.settings import Settings


@dataclass
class Rooms:
    """The services of a serving process, each under its room's name."""

    settings: Settings
    clock: Clock
    ids: Ids
    events: EventBus
    limiter: RateLimiter
    blobs: LocalBlobStore
    database: Database
    catalog: Database
    keys: KeysClient
    realm: RealmService
    accounts: AccountsService

    @classmethod
    async def open(cls, settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> Self:
        """Connect to PostgreSQL and to `reelm keys`, and build the services, lowest floor first."""
        clock = clock or SystemClock()
        ids = ids or SystemIds(clock)
        events = EventBus()
        database = await Database.open(settings.database, "reelm_web")
        catalog = await Database.open(settings.database, "reelm_catalog", size=4)
        keys = KeysClient(settings.keys_address, clock)
        blobs = LocalBlobStore(settings.blobs)
        realm = RealmService.load(settings)
        accounts = AccountsService(keys, realm, database, events, clock, ids)
        return cls(
            settings=settings,
            clock=clock,
            ids=ids,
            events=events,
            limiter=RateLimiter(clock, factor=settings.limit_factor),
            blobs=blobs,
            database=database,
            catalog=catalog,
            keys=keys,
            realm=realm,
            accounts=accounts,
        )

    async def close(self) -> None:
        """Give everything back, highest floor first."""
        await self.keys.close()
        await self.catalog.close()
        await self.database.close()
