"""Handing out what retrieval read to those whom the charter names as auditors: copies in a folder, with a list.

Only whole frames are copied, so that a realm may go on while it hands out. Clips that are gone are tombstones here as
they are in the realm (spec/receipt/snapshots.md).
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec

from reelm.feed.catalog import snapshots
from reelm.feed.catalog.layout import CATALOG
from reelm.feed.catalog.log import IDENTITIES, ROW_BYTES, SEGMENT, SUFFIX, frames
from reelm.feed.catalog.records import DamagedError
from reelm.feed.catalog.store import SNAPSHOTS

MANIFEST = "manifest.json"


class NothingKeptError(Exception):
    """There is nothing of that time."""


class HandedOut(msgspec.Struct, frozen=True):
    """What was copied: generations, bases, frames of the log, and bytes."""

    generations: int
    bases: int
    frames: int
    bytes: int


def hand_out(feed: Path, start: int, end: int, target: Path) -> HandedOut:
    """Copy what retrieval from `start` to `end` (Unix seconds) read into `target`, which must be empty or new.

    Raises `NothingKeptError`, and FileExistsError for a folder that holds something.
    """
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(target)
    kept = list(snapshots.between(feed / SNAPSHOTS, start, end)) if (feed / SNAPSHOTS).is_dir() else []
    if not kept:
        raise NothingKeptError(f"{feed / CATALOG} has nothing of that time")
    listed: dict[str, list[dict[str, Any]]] = {}
    copied = 0
    for folder, files in kept:
        own = target / folder.name
        own.mkdir(parents=True)
        told = [_copy(path, own / path.name) for path in files]
        listed[folder.name] = told
        copied += sum(path.stat().st_size for path in own.iterdir())
    target.joinpath(MANIFEST).write_text(
        json.dumps({"from": start, "to": end, "generations": listed}, indent=1)
    )
    every = [one for told in listed.values() for one in told]
    bases = sum("digest" in one for one in every)
    return HandedOut(len(listed), bases, sum(one.get("frames", 0) for one in every), copied)


def _copy(path: Path, target: Path) -> dict[str, Any]:
    shutil.copyfile(path, target)
    about: dict[str, Any] = {"file": path.name}
    if path.suffix == snapshots.SUFFIX:
        base = snapshots.read(target)
        about |= {"seq": base.seq, "at": base.at, "digest": base.digest}
    elif path.suffix == SUFFIX:
        about |= _whole_frames(target)
    elif path.name == IDENTITIES:
        about |= {"rows": target.stat().st_size // ROW_BYTES}
    return about


def _whole_frames(path: Path) -> dict[str, Any]:
    """Cut a copied segment after its last whole frame; say which frames it has, and the chain's head."""
    end = SEGMENT.size
    about: dict[str, Any] = {"frames": 0}
    try:
        for count, (frame, chain, after) in enumerate(frames(path), 1):
            about, end = {"frames": count, "to": frame.seq, "at": frame.at, "chain": chain.hex()}, after
    except DamagedError as error:
        if str(error) != "cut short":
            raise
    os.truncate(path, end)
    return about
