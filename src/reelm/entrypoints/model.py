"""`reelm feed learn` and `reelm feed model …`: learning by hand, and which model is in force.

Runs at the machine, as the indexer's login role, in a short-lived process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from reelm.entrypoints import learning
from reelm.entrypoints.folder import StartError
from reelm.feed.learning.job import Act, ChildError, Done
from reelm.feed.learning.learner import Learner
from reelm.feed.learning.releases import NoSuchModelError
from reelm.feed.learning.repository import ChangeRow, ModelRow, ModelsReader
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.ids import SystemIds
from reelm.ledger.service import LedgerLateError, LedgerService
from reelm.realm.service import RealmService
from reelm.settings import Role, Settings

ROLE: Role = "reelm_indexer"
_SHOWN = 50
T = TypeVar("T")


class Models(msgspec.Struct, frozen=True):
    """The models of a realm, newest first, and the changes of the one in force."""

    in_force: str | None
    models: list[ModelRow]
    changes: list[ChangeRow]


def learn(settings: Settings, acts: Sequence[Act]) -> list[Done]:
    """Learn now, and wait for it."""

    async def do(learner: Learner, database: Database) -> list[Done]:
        return [await learner.learn(act) for act in acts]

    return _run(settings, do)


def models(settings: Settings) -> Models:
    """List the models there are."""

    async def do(learner: Learner, database: Database) -> Models:
        return await _models(database)

    return _run(settings, do)


def put_in_force(settings: Settings, digest: str, cause: str) -> Models:
    """Put a model in force: in the ledger first. `digest` may be its first digits."""

    async def do(learner: Learner, database: Database) -> Models:
        await learner.releases.settle()
        found = await _models(database)
        known = [model.digest for model in found.models if model.digest.startswith(digest)]
        if len(known) != 1:
            raise StartError(
                f"{'No model' if not known else 'More than one model'} begins with {digest!r}.",
                "List them with: reelm feed model list",
            )
        return await _change(learner, database, known[0], cause)

    return _run(settings, do)


def roll_back(settings: Settings) -> Models:
    """Put the model in force again that was in force before this one."""

    async def do(learner: Learner, database: Database) -> Models:
        await learner.releases.settle()
        found = await _models(database)
        now = next((change for change in found.changes if change.in_force_at is not None), None)
        if now is None or now.previous is None or now.previous == now.model:
            raise StartError("There is no earlier model to go back to.")
        return await _change(learner, database, now.previous, "rollback")

    return _run(settings, do)


async def _change(learner: Learner, database: Database, digest: str, cause: str) -> Models:
    try:
        await learner.releases.ask(digest, cause)
        await learner.releases.settle()
    except NoSuchModelError:
        raise StartError(f"The files of model {digest} are not here.") from None
    except LedgerLateError:
        raise StartError(
            "The ledger has not confirmed the change yet.", "It comes into force as soon as it has."
        ) from None
    return await _models(database)


async def _models(database: Database) -> Models:
    async with database.transaction() as uow:
        reader = ModelsReader(uow)
        held = await reader.find_in_force()
        return Models(
            held.model if held else None, await reader.list_models(_SHOWN), await reader.list_changes(_SHOWN)
        )


def _run(settings: Settings, do: Callable[[Learner, Database], Awaitable[T]]) -> T:
    async def within() -> T:
        database = await Database.open(settings.database, ROLE, size=2)
        try:
            clock = SystemClock()
            ledger = LedgerService(database, LocalBlobStore(settings.blobs), clock, SystemIds(clock))
            charter = RealmService.load(settings).charter_digest
            learner = Learner(settings, database, ledger, charter, clock, learning.COMMAND)
            return await do(learner, database)
        finally:
            await database.close()

    try:
        return asyncio.run(within())
    except ChildError as error:
        raise StartError(str(error)) from None
