"""Which model puts clips in order: asked for in the ledger first, in force only once that is public.

`DATA/feed/models/<digest>/` holds a model and its card; `current` leads to the one in force, at first to the
seed model, which comes with the software. A change is three steps, each of which may be the last before a
crash: documents and entry are committed; the entry is waited for; the pointer moves, and the row says when.
"""

import hashlib
import os
import secrets
from pathlib import Path
from uuid import UUID

import msgspec
import structlog

from reelm.feed.learning import rule
from reelm.feed.learning.repository import ChangeRow, ModelRow, ModelsReader, ModelsWriter
from reelm.feed.learning.shelf import sync_folder
from reelm.feed.pipeline.model import SEED_BYTES
from reelm.feed.pipeline.policy import POLICY_BYTES
from reelm.kit.clock import Clock
from reelm.kit.database import Database
from reelm.ledger.service import LedgerService, entries
from reelm_audit.tlog import canonical

_log = structlog.get_logger("reelm.learning")
MODEL, CARD, CURRENT = "model.json", "card.json", "current"
WAIT_SECONDS = 60.0
SEED_DIGEST = hashlib.sha256(SEED_BYTES).hexdigest()
SEED_CARD = canonical.encode(
    {
        "format": "reelm-model-card/1",
        "model": SEED_DIGEST,
        "name": "seed",
        "made_of": "written by hand, published with the software; nobody's watching is in it",
        "limits": ["it knows no more of a clip than its counts and its neighbours"],
        "objections": "whoever turns profiling off in their settings is shown public lists instead",
    }
)


class NoSuchModelError(Exception):
    """There is no model of that name here."""


class Releases:
    """Asks for changes of the model in force, and carries them out."""

    def __init__(
        self, database: Database, ledger: LedgerService, models: Path, charter: str, clock: Clock
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._folder = models
        self._charter = charter
        self._clock = clock

    async def note(self, digest: str, verdict: str) -> ModelRow:
        """Take a model into the list from its folder, whatever was thought of it."""
        model, card = self._read(digest)
        async with self._database.transaction() as uow:
            await ModelsWriter(uow).add_model(digest, _name(model), hashlib.sha256(card).hexdigest(), verdict)
            found = await ModelsReader(uow).find_model(digest)
        assert found is not None
        return found

    async def in_force(self) -> str | None:
        """The digest of the model in force; None before there is any."""
        async with self._database.transaction() as uow:
            held = await ModelsReader(uow).find_in_force()
        return held.model if held else None

    async def ask(self, digest: str, cause: str) -> UUID:
        """Ask for a model to be put in force. It is not before `settle`. Raises `NoSuchModelError`."""
        model, card = (SEED_BYTES, SEED_CARD) if digest == SEED_DIGEST else self._read(digest)
        for document in (model, card, POLICY_BYTES, rule.DOCUMENT):
            await self._ledger.publish_document(document)
        async with self._database.transaction() as uow:
            writer = ModelsWriter(uow)
            before = await writer.find_in_force()
            verdict = "seed" if digest == SEED_DIGEST else "fit"
            card_digest = hashlib.sha256(card).hexdigest()
            await writer.add_model(digest, _name(model), card_digest, verdict)
            entry = entries.RankingChanged(
                at=entries.minute(self._clock.now()),
                charter=self._charter,
                model=digest,
                card=card_digest,
                policy=hashlib.sha256(POLICY_BYTES).hexdigest(),
                rule=rule.DIGEST,
                cause=cause,  # type: ignore[arg-type]
                previous=before.model if before else None,
            )
            ref = await self._ledger.append(uow, entry)
            await writer.add_change(ref, digest, card_digest, entry.previous, entry.policy, entry.rule, cause)
        return ref

    async def settle(self, timeout_seconds: float = WAIT_SECONDS) -> list[ChangeRow]:
        """Carry out what was asked for, as soon as the ledger has it; return what came into force.

        Raises `LedgerLateError` when the ledger takes longer.
        """
        async with self._database.transaction() as uow:
            asked = await ModelsReader(uow).list_asked()
        for change in asked:
            inclusion = await self._ledger.included(change.ref, timeout_seconds)
            async with self._database.transaction() as uow:
                writer = ModelsWriter(uow)
                if not await writer.hold_asked(change.ref):
                    continue  # somebody else did, and may have gone on to a later one
                self.point(change.model)
                await writer.put_in_force(change.ref, inclusion.index)
            _log.info("ranker.changed", model=change.model, cause=change.cause, entry=inclusion.index)
        return asked

    async def agree(self) -> None:
        """See that the last entry, the pointer and the software say the same, after a start or a restore."""
        async with self._database.transaction() as uow:
            held = await ModelsReader(uow).find_in_force()
            asked = await ModelsReader(uow).list_asked()
        if asked:
            return
        policy = hashlib.sha256(POLICY_BYTES).hexdigest()
        if held is not None and held.model != SEED_DIGEST and not self.has(held.model):
            _log.warning("ranker.gone", model=held.model)
            await self.ask(SEED_DIGEST, "seed")
        elif held is None or (held.cause == "seed" and held.model != SEED_DIGEST):
            await self.ask(SEED_DIGEST, "seed")
        elif (held.policy, held.rule) != (policy, rule.DIGEST):
            await self.ask(held.model, held.cause)
        else:
            self.point(held.model)

    def has(self, digest: str) -> bool:
        """Whether a model's files are here, and are its files."""
        try:
            self._read(digest)
        except NoSuchModelError:
            return False
        return True

    def point(self, digest: str) -> None:
        """Make `current` lead to a model, in one step."""
        link = self._folder / CURRENT
        if digest == SEED_DIGEST:
            keep(self._folder, SEED_BYTES, SEED_CARD)
        if not link.is_symlink() or str(link.readlink()) != digest:
            draft = self._folder / f".new-{secrets.token_hex(8)}"
            draft.symlink_to(digest)
            draft.rename(link)
            sync_folder(self._folder)

    def _read(self, digest: str) -> tuple[bytes, bytes]:
        try:
            folder = self._folder / digest
            model, card = (folder / MODEL).read_bytes(), (folder / CARD).read_bytes()
        except OSError as error:
            raise NoSuchModelError(digest) from error
        if hashlib.sha256(model).hexdigest() != digest:
            raise NoSuchModelError(digest)
        return model, card


def keep(folder: Path, model: bytes, card: bytes) -> str:
    """Keep a model and its card in a folder of their own, whole or not at all; return the model's digest."""
    digest = hashlib.sha256(model).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / digest).exists():
        draft = folder / f".new-{secrets.token_hex(8)}"
        draft.mkdir()
        for name, data in ((MODEL, model), (CARD, card)):
            with (draft / name).open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        sync_folder(draft)
        draft.rename(folder / digest)
        sync_folder(folder)
    return digest


def _name(model: bytes) -> str:
    return str(msgspec.json.decode(model)["name"])
