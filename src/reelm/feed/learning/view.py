"""Which model puts clips in order now, for whoever asks."""

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

import msgspec

from reelm.feed.learning import rule
from reelm.feed.learning.releases import CARD, SEED_CARD, SEED_DIGEST
from reelm.feed.learning.repository import ModelRow, ModelsReader
from reelm.feed.pipeline.policy import POLICY_DIGEST
from reelm.kit.database import UnitOfWork

_LOOKED_AT = 5


class ShadowModel(msgspec.Struct, frozen=True):
    """The newest model that was judged and is not in force."""

    model: str
    name: str
    card: str
    verdict: str
    made_at: dt.datetime


class ModelView(msgspec.Struct, frozen=True):
    """The model in force: its card, and the place in the public ledger where the realm said so beforehand."""

    model: str
    name: str
    made_at: dt.datetime | None
    in_force_at: dt.datetime | None
    entry_index: int | None
    cause: str
    previous: str | None
    policy: str
    rule: str
    card_digest: str | None
    card: dict[str, Any]
    shadow: ShadowModel | None


async def current_model(uow: UnitOfWork, folder: Path) -> ModelView:
    """Return the model in force; the seed model before the ledger has any."""
    reader = ModelsReader(uow)
    held = await reader.find_in_force()
    newest = await reader.list_models(_LOOKED_AT)
    model = await reader.find_model(held.model) if held else None
    digest = held.model if held else SEED_DIGEST
    card = await asyncio.to_thread(_card, folder, digest)
    return ModelView(
        model=digest,
        name=model.name if model else "seed",
        made_at=model.made_at if model else None,
        in_force_at=held.in_force_at if held else None,
        entry_index=held.entry_index if held else None,
        cause=held.cause if held else "seed",
        previous=held.previous if held else None,
        policy=held.policy if held else POLICY_DIGEST.hex(),
        rule=held.rule if held else rule.DIGEST,
        card_digest=held.card if held else None,
        card=card,
        shadow=_shadow(newest, digest, model),
    )


def _card(folder: Path, digest: str) -> dict[str, Any]:
    try:
        data = (folder / digest / CARD).read_bytes()
    except OSError:
        data = SEED_CARD if digest == SEED_DIGEST else b"{}"
    card: dict[str, Any] = msgspec.json.decode(data)
    return card


def _shadow(newest: list[ModelRow], digest: str, held: ModelRow | None) -> ShadowModel | None:
    for row in newest:
        if row.digest != digest and row.verdict != "seed" and (held is None or row.made_at > held.made_at):
            return ShadowModel(row.digest, row.name, row.card, row.verdict, row.made_at)
    return None
