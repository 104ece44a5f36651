"""The keeper: store, door, releases and server put together, and what they need done from time to time."""

import asyncio
import datetime as dt
import socket
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from reelm.custody.attempts import Attempts
from reelm.custody.backup_keys import BackupKeys
from reelm.custody.charterpin import UnsignedCharterError, follow
from reelm.custody.counts import Counts
from reelm.custody.credentials import Credentials
from reelm.custody.disclosures import Disclosures
from reelm.custody.door import Door
from reelm.custody.envelope import new_key
from reelm.custody.farewells import Farewells
from reelm.custody.grantproof import CharterRules
from reelm.custody.keystore import Keystore
from reelm.custody.matching import Matching
from reelm.custody.opener import Opener
from reelm.custody.passkeys import Passkeys, RelyingParty
from reelm.custody.passwords import Passwords
from reelm.custody.promising import Promising
from reelm.custody.purposes import Purposes
from reelm.custody.references import References
from reelm.custody.releases import Releases
from reelm.custody.repository import RealmRows
from reelm.custody.schemas import Caller
from reelm.custody.server import KeysServer
from reelm.custody.signing import ExportSigner, LogSigner, export_name
from reelm.custody.snapshots import Snapshots
from reelm.kit.clock import Clock
from reelm.kit.errors import OverloadedError
from reelm.kit.ids import Ids
from reelm.realm.service import RealmService

SECRET_AGE = dt.timedelta(days=30)
UNCLAIMED_AGE = dt.timedelta(days=1)
USES_AGE = dt.timedelta(days=2)  # longer than any grant
_log = structlog.get_logger("reelm.keys")


def relying_party(origin: str, zone: str = "") -> RelyingParty:
    """What passkeys are bound to. Browsers refuse a bare address, so the loopback one becomes `localhost`.

    In a network it is the host of the network's zone, `zone`, which lists its realms' origins under
    `/.well-known/webauthn` (WebAuthn level 3, related origins): a passkey lasts when its person's realm moves.
    """
    parts = urlsplit(origin)
    if zone and parts.scheme == "https":
        return RelyingParty(zone, zone, (origin,))
    host = parts.hostname or "localhost"
    if host in {"127.0.0.1", "::1", "0.0.0.0"}:  # noqa: S104 - compared, not bound
        port = f":{parts.port}" if parts.port else ""
        return RelyingParty("localhost", "localhost", (f"{parts.scheme}://localhost{port}", origin))
    return RelyingParty(host, host, (origin,))


def _rules(store: Keystore, realm: RealmService | None) -> CharterRules | None:
    """The charter to obey until the process ends; None, so that no grant opens anything, where there is none."""
    if realm is None:
        return None
    try:
        return follow(store, realm)
    except (UnsignedCharterError, ValueError, OSError) as error:
        _log.error("keys.charter_not_followed", reason=type(error).__name__)
        return None


class Keeper:
    """The keys process's work, without the process. Make it inside the running event loop."""

    def __init__(
        self,
        folder: Path,
        rows: RealmRows,
        party: RelyingParty,
        clock: Clock,
        ids: Ids,
        *,
        allowed_uids: Collection[int],
        secrets: Mapping[Caller, str] | None = None,
        passwords: Passwords | None = None,
        purposes: Purposes | None = None,
        realm: RealmService | None = None,
    ) -> None:
        self._clock = clock
        self._rows = rows
        self._passwords = passwords or Passwords()
        self.store = Keystore(folder)
        passkeys, attempts = Passkeys(party, clock, ids), Attempts(clock)
        self.door = Door(self.store, self._passwords, passkeys, clock, ids, attempts, announce=self._announce)
        credentials = Credentials(self.store, self.door, self._passwords, passkeys, attempts, clock, ids)
        purposes = purposes or Purposes.read()
        charter = None if realm is None else realm.charter_digest
        self._counts = Counts(self.store, self.door, rows, clock, charter)
        releases = Releases(self.store, self.door, purposes, rows, self._counts, clock)
        farewells = Farewells(self.store, self.door, credentials, releases, purposes, rows)
        log = LogSigner(self.store, self.door, clock)
        exports = ExportSigner(self.store, self.door, releases, clock, name=export_name(party.origins[-1]))
        promising = Promising(self.store, self.door, rows, self._counts, clock)
        self._matching = Matching(self.store, self.door, rows, clock)
        references = References(self.store, self.door, releases)
        backups = BackupKeys(self.store, self.door, clock)
        rules = _rules(self.store, realm)
        opener = Opener(self.store, self.door, log, rows, self._counts, clock, ids, rules)
        disclosures = Disclosures(self.store, self.door, rows, self._counts, clock, ids, rules)
        self._snapshots = Snapshots(folder, self.store, self.door, clock)
        parts = (
            self.door,
            credentials,
            releases,
            farewells,
            log,
            exports,
            references,
            promising,
            self._matching,
            backups,
            opener,
            disclosures,
            self._snapshots,
        )
        handlers = {kind: handler for part in parts for kind, handler in part.handlers().items()}
        self._server = KeysServer(handlers, clock, allowed_uids=allowed_uids, secrets=secrets)
        self._telling: set[asyncio.Task[None]] = set()

    async def start(self, bound: socket.socket) -> None:
        """Make the database accept our tickets, then answer. Raises DatabaseUnavailableError."""
        await self._rows.install_subject_secret(self.door.subject_secret)
        await self._server.start(bound)

    async def stop(self) -> None:
        await self._server.stop()
        if self._telling:
            await asyncio.wait(self._telling, timeout=2)
        await self._counts.write()
        self._counts.close()
        self._matching.close()
        self.door.close()
        self._passwords.close()
        self.store.close()

    def _announce(self, session_ids: list[UUID]) -> None:
        if session_ids:
            self._server.announce(session_ids)
            task = asyncio.create_task(self._tell_others(session_ids))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell_others(self, session_ids: list[UUID]) -> None:
        try:
            await self._rows.announce_revoked(session_ids)
        except OverloadedError:
            _log.warning("keys.not_announced", count=len(session_ids))

    # --- from time to time --------------------------------------------------------------------------------

    async def every_minute(self) -> None:
        """Keep the database's secret ours, also after it was restored, and change it every 30 days."""
        now = int(self._clock.now().timestamp())
        made_at = self.store.secret_made_at("subject") or now
        if now - made_at >= SECRET_AGE.total_seconds():
            fresh = await self.door.write(self.store.renew_secret, "subject", now, new_key, keep=2)
            await self._rows.install_subject_secret(fresh)
            self.door.subject_secret = fresh
        else:
            await self._rows.install_subject_secret(self.door.subject_secret)

    async def tell_the_ledger(self) -> None:
        """Tell the ledger of released keys, for every hour that is over. Raises OverloadedError: then it waits."""
        await self._counts.tell()

    async def every_hour(self) -> None:
        """Drop sessions that ran out, and enrolments whose sign-up never reached the database."""
        if await self._snapshots.turn_if_due():
            _log.info("keys.epoch_turned")
        await self.door.sweep()
        oldest = int((self._clock.now() - USES_AGE).timestamp())
        await self.door.write(self.store.sweep_grant_uses, oldest)
        before = int((self._clock.now() - UNCLAIMED_AGE).timestamp())
        waiting = self.store.list_unconfirmed(before)
        if not waiting:
            return
        existing = await self._rows.list_existing(waiting)
        for person_id in waiting:
            if person_id in existing:
                await self.door.write(
                    self.store.confirm_person, person_id, int(self._clock.now().timestamp())
                )
            else:
                await self.door.destroy(person_id)
        _log.info("keys.swept", claimed=len(existing), unclaimed=len(waiting) - len(existing))
