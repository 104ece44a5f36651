"""What is kept between two passes: one file, written whole or not at all, that only this user may read.

It holds pseudonyms, not people, and they are thrown away with every whole pass. Losing it costs a whole pass.
"""

import os
import secrets
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reelm.feed.learning.shelf import sync_folder
from reelm.feed.learning.training.content import Tokens
from reelm.feed.learning.training.pairs import Numbers, Pairs
from reelm.feed.learning.training.watched import Watched

FILE = "state.npz"
FORMAT = 1


@dataclass(frozen=True)
class State:
    """Everything from which the next pass goes on."""

    epoch: int
    generation: bytes
    until: int
    """Events stored up to here are in; microseconds of Unix time."""
    watched: Watched
    together: Pairs
    following: Pairs
    waiting: Numbers
    """Clips whose pairs have still to be counted anew."""
    tokens: Tokens
    tokens_size: int
    ease_key: Numbers
    ease_weight: npt.NDArray[np.int16]


def save(folder: Path, state: State) -> None:
    """Keep a state. Durable when this returns."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    draft = folder / f".new-{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        np.savez(file, allow_pickle=False, **_arrays(state))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / FILE)
    sync_folder(folder)


def load(folder: Path) -> State | None:
    """The state that was kept; None where there is none, or none of this version."""
    try:
        with (folder / FILE).open("rb") as file, np.load(file, allow_pickle=False) as held:
            found = {name: held[name] for name in held.files}
        if int(found["numbers"][0]) != FORMAT:
            return None
        return _state(found)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def clear_drafts(folder: Path) -> None:
    """Remove what killed passes left half-written."""
    for each in folder.glob(".new-*"):
        each.unlink(missing_ok=True)


def _arrays(state: State) -> dict[str, npt.NDArray[Any]]:
    groups = {"watched": state.watched, "together": state.together, "following": state.following}
    return {
        "numbers": np.array([FORMAT, state.epoch, state.until, state.tokens_size], np.int64),
        "generation": np.frombuffer(state.generation, np.uint8),
        **{
            f"{name}.{part}": values for name, group in groups.items() for part, values in vars(group).items()
        },
        "tokens.row": state.tokens.row,
        "tokens.token": state.tokens.token,
        "waiting": state.waiting,
        "ease_key": state.ease_key,
        "ease_weight": state.ease_weight,
    }


def _state(found: dict[str, npt.NDArray[Any]]) -> State:
    _, epoch, until, tokens_size = found["numbers"].tolist()
    return State(
        epoch=epoch,
        generation=found["generation"].tobytes(),
        until=until,
        watched=Watched(*(found[f"watched.{part}"] for part in ("person", "row", "at"))),
        together=Pairs(*(found[f"together.{part}"] for part in ("key", "people", "value"))),
        following=Pairs(*(found[f"following.{part}"] for part in ("key", "people", "value"))),
        waiting=found["waiting"],
        tokens=Tokens(found["tokens.row"], found["tokens.token"]),
        tokens_size=tokens_size,
        ease_key=found["ease_key"],
        ease_weight=found["ease_weight"],
    )
