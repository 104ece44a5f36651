"""Shapes of the ledger: what it shows, and what its parts tell each other."""

import datetime as dt
from typing import Any, Literal

import msgspec

State = Literal["unwitnessed", "witnessed", "late", "stopped", "starting"]


class WitnessView(msgspec.Struct, frozen=True, rename={"policies": "in"}):
    """A witness that a policy of the charter names; `in` says which, `problem` what keeps it from cosigning."""

    name: str
    vkey: str
    url: str | None
    last_cosigned_at: dt.datetime | None
    problem: str | None
    policies: list[str]


class DayCounts(msgspec.Struct, frozen=True):
    """How many entries of each kind a day has."""

    day: str
    counts: dict[str, int]


class LedgerState(msgspec.Struct, frozen=True):
    """The public ledger as it stands. `size` and `root` (base64) are those of the published checkpoint.

    `state`: `unwitnessed` (no policy asks for a witness), `witnessed`, `late` (the witnesses asked for are silent),
    `stopped` (it contradicts itself, or nobody keeps it: `problem` says which) or `starting`.
    """

    origin: str
    vkey: str
    size: int
    root: str
    checkpoint_at: dt.datetime | None
    state: State
    release_policy: str
    public_policy: str
    release_satisfied_at: dt.datetime | None
    public_satisfied_at: dt.datetime | None
    witnesses: list[WitnessView]
    waiting: int
    problem: str | None
    kinds: dict[str, int]
    days: list[DayCounts]
    # The names of those whose cosignatures are on the published checkpoint.
    cosigned_by: list[str] = []


class EntryLine(msgspec.Struct, frozen=True):
    """An entry and its place."""

    index: int
    entry: dict[str, Any]


class EntryView(msgspec.Struct, frozen=True):
    """An entry, its place, and `body`: the very bytes whose hash is the leaf, base64."""

    index: int
    entry: dict[str, Any]
    body: str


class Inclusion(msgspec.Struct, frozen=True):
    """That an entry is published: `proof` is a tlog-proof under a checkpoint with the release quorum."""

    index: int
    size: int
    proof: str


class Head(msgspec.Struct, frozen=True):
    """The row that says how long the ledger is."""

    origin: str
    vkey: str
    term: int
    size: int
    root: bytes
    release_policy: str
    release_checkpoint: str | None
    release_size: int
    release_at: dt.datetime | None
    public_policy: str
    public_checkpoint: str | None
    public_size: int
    public_at: dt.datetime | None
    late_since: dt.datetime | None
    problem: str | None
    silent_seconds: float


class Waiting(msgspec.Struct, frozen=True):
    """An entry that has no place yet."""

    ref: Any
    kind: str
    body: bytes


class WitnessRow(msgspec.Struct, frozen=True):
    """What is kept of a witness: `size` is what it cosigned last."""

    vkey: str
    name: str
    url: str | None
    in_release: bool
    in_public: bool
    size: int
    cosigned_at: dt.datetime | None
    problem: str | None
