"""What the learner asks of a child, and what the child answers: one line of JSON each way, over its pipes.

The child is another program, not a fork of the indexer: what it imports and allocates ends with it, and the indexer
stays as small as it was.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from reelm.settings import DatabaseSettings

Act = Literal["minutes", "whole", "train"]
_LONGEST_SECONDS = 4 * 3600.0
_KEPT_OF_ERRORS = 2_000


class Job(msgspec.Struct, frozen=True):
    """An act, and what it is done with. `parent` is who dies with its child's work undone."""

    act: Act
    feed: str
    database: DatabaseSettings
    parent: int


class Done(msgspec.Struct, frozen=True):
    """What an act did. `digest` names what it made, if it made anything; `problem` says why it did not."""

    act: Act
    changed: bool = False
    whole: bool = False
    digest: str = ""
    until: int = 0
    clips: int = 0
    people: int = 0
    likes: int = 0
    pairs: int = 0
    waiting: int = 0
    verdict: str = ""
    problem: str = ""


class ChildError(Exception):
    """A child ended without an answer."""


async def ask(command: Sequence[str], act: Act, feed: Path, database: DatabaseSettings) -> Done:
    """Have a child do something; end it when this is cancelled. Raises `ChildError`."""
    job = Job(act, str(feed), database, os.getpid())
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            said, errors = await child.communicate(msgspec.json.encode(job))
    except (TimeoutError, asyncio.CancelledError):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
        raise
    if child.returncode != 0:
        raise ChildError(
            f"{act} ended with {child.returncode}: {errors.decode(errors='replace')[-_KEPT_OF_ERRORS:]}"
        )
    return msgspec.json.decode(said.splitlines()[-1], type=Done)
