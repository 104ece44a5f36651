"""The border process: the realm's only door outwards, and the one that other realms knock at.

It holds the border's key and the role `reelm_border`, no person's key and no ticket. Parts, each kept going by
itself: the socket for this machine's processes, the way out, the books, and, where a port is set, the listener for
other realms. Cedar is loaded when the first thing is to be decided.
"""

import asyncio
import os
import secrets
import signal
from collections.abc import Sequence
from pathlib import Path

import structlog

from reelm.border import key as border_key
from reelm.border.addresses import networks
from reelm.border.constitution import Constitution
from reelm.border.counting import Counting
from reelm.border.delivering import Delivering
from reelm.border.errands import Errands
from reelm.border.inbound import Inbound
from reelm.border.outward import Outward
from reelm.border.releasing import LOCK, Releasing
from reelm.border.repository_releasing import ASKED
from reelm.border.server import BorderServer
from reelm.border.signing import Signing
from reelm.border.tidying import Tidying
from reelm.entrypoints import log
from reelm.entrypoints.folder import StartError
from reelm.entrypoints.handout import handed_to, settings_of_running
from reelm.entrypoints.keeping import AfterTheCharter, Part, keep, patient_database
from reelm.entrypoints.parts import accepts
from reelm.kit import metrics as kit_metrics
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.kit.exclusive import Exclusive
from reelm.kit.ids import SystemIds
from reelm.kit.listen import Listener
from reelm.settings import Role, Settings

ROLE: Role = "reelm_border"
NONCE_BYTES = 16

_log = structlog.get_logger("reelm.border")


def run(settings: Settings) -> int:
    """Keep the border until SIGTERM or SIGINT; return the exit code."""
    kit_metrics.prepare(settings.data / "run" / "metrics")
    return asyncio.run(_keep(settings))


def run_alone(data: Path, *, quiet: bool) -> int:
    """The same beside a realm that another process supervises, with nothing but the border's part of its settings.

    Raises StartError.
    """
    settings = handed_to("border", settings_of_running(data))
    if accepts(settings.border_address):
        raise StartError(
            f"The realm in {data} has a border already.", "Start it with: reelm up --without-border"
        )
    os.umask(0o077)
    log.configure("border", data / "logs", quiet=quiet)
    return run(settings)


async def _keep(settings: Settings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = await patient_database(settings, ROLE, stop, size=6)
    if database is None:
        return 0
    clock = SystemClock()
    listener = Listener(settings.database, ROLE)
    made = Border(settings, database, listener, clock)
    await listener.start()
    keeping = [asyncio.ensure_future(keep(part, clock)) for part in made.parts()]
    try:
        _log.info("border.ready", inwards=bool(settings.border.port))
        await stop.wait()
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        await made.close()
        await listener.stop()
        await database.close()
    return 0


class Border:
    """The parts of one border process, and what they share."""

    def __init__(
        self, settings: Settings, database: Database, listener: Listener, clock: SystemClock
    ) -> None:
        ids = SystemIds(clock)
        self.settings = settings
        self.constitution = Constitution(settings)
        key = border_key.read_or_make(settings.data, self.constitution.now().realm)
        self.ledger = AfterTheCharter(database, LocalBlobStore(settings.blobs), clock, ids, listener)
        self.counting = Counting(database, self.ledger, self.constitution, key, clock)
        self.signing = Signing(key, clock)
        self.outward = Outward(
            clock, private=networks(settings.border.allow), on_counted=self.counting.connection
        )
        self.releasing = Releasing(
            database,
            self.ledger,
            self.constitution,
            self.counting,
            Delivering(self.outward, self.signing).deliver,
            Exclusive(settings.database, ROLE, LOCK),
            clock,
            ids,
            vkey=key.vkey,
            nonce=lambda: secrets.token_bytes(NONCE_BYTES),
            chance=secrets.SystemRandom().random,
        )
        self.errands = Errands(
            self.outward,
            self.signing,
            database,
            self.constitution,
            self.counting,
            settings.border_folder,
            settings.border.delivery,
            clock,
            ids,
            push_key=settings.push_public_key,
            sender=settings.web.origin,
        )
        self.server = BorderServer(
            settings.border_address, self.errands.handlers, settings.border.secrets, clock
        )
        self.inbound = Inbound(settings, database, self.ledger, self.constitution, self.counting, clock, ids)
        self.tidying = Tidying(settings.border_folder, clock)
        listener.on(ASKED, lambda _: self.releasing.want())
        listener.on_return(self.releasing.want)

    def parts(self) -> Sequence[Part]:
        """Return the parts of the process. A new one is a line here."""
        inwards = [self.inbound] if self.settings.border.port else []
        return [self.server, self.releasing, self.counting, self.tidying, *inwards]

    async def close(self) -> None:
        """Write down what was counted last."""
        await self.counting.write()
