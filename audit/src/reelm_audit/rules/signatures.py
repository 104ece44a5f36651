"""Signatures within entries, collected and then verified many at a time.

Verifying one takes ten times as long as everything else about its entry. A large ledger's signatures are verified in
processes beside the one that reads; where there can't be any, on threads, outside Python's lock.
"""

import base64
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from multiprocessing.pool import AsyncResult, Pool

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from reelm_audit.findings import Finding

BATCH = 2048
PENDING = 6  # batches that may wait for the processes beside
FEW = 64

_Signed = tuple[bytes, bytes, str]


class Signatures:
    """What is still to be verified: key, signed bytes, signature in base64, and what to report if it fails."""

    def __init__(self, report: Callable[[Finding], None]) -> None:
        self._report = report
        self._waiting: list[_Signed] = []
        self._findings: list[Finding] = []
        self._beside: deque[tuple[list[Finding], AsyncResult[list[int]]]] = deque()
        self._pool: Pool | None = None
        self.verified = 0

    def ask(self, key: bytes, signed: bytes, signature: str, otherwise: Finding) -> None:
        """Have one signature verified, soon."""
        self._waiting.append((key, signed, signature))
        self._findings.append(otherwise)
        if len(self._waiting) >= BATCH:
            self._send()

    def settle(self) -> None:
        """Verify all that waits, and report what fails in the order it was asked; no process is left behind."""
        if self._pool is not None and self._waiting:
            self._send()
        while self._beside:
            self._collect()
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()
            self._pool = None
        if self._waiting:
            waiting, findings = self._take()
            self._told(findings, _on_threads(waiting))

    def _take(self) -> tuple[list[_Signed], list[Finding]]:
        taken = self._waiting, self._findings
        self._waiting, self._findings = [], []
        return taken

    def _send(self) -> None:
        """Hand a batch to the processes beside, which are started with the first one."""
        if self._pool is None and _can_fork():
            self._pool = multiprocessing.get_context("fork").Pool(os.cpu_count(), _quietly)
        waiting, findings = self._take()
        if self._pool is None:
            self._told(findings, _on_threads(waiting))
            return
        self._beside.append((findings, self._pool.apply_async(failing, (waiting,))))
        while len(self._beside) > PENDING:
            self._collect()

    def _collect(self) -> None:
        findings, answer = self._beside.popleft()
        self._told(findings, answer.get())

    def _told(self, findings: Sequence[Finding], wrong: Sequence[int]) -> None:
        self.verified += len(findings) - len(wrong)
        for position in wrong:
            self._report(findings[position])


def failing(asked: Sequence[_Signed]) -> list[int]:
    """Return the positions of the signatures that do not verify."""
    wrong = []
    for position, (key, signed, signature) in enumerate(asked):
        try:
            _public_key(key).verify(base64.b64decode(signature), signed)
        except (InvalidSignature, ValueError):
            wrong.append(position)
    return wrong


def _on_threads(asked: Sequence[_Signed]) -> list[int]:
    shares = os.cpu_count() or 1
    if shares == 1 or len(asked) < FEW:
        return failing(asked)
    step = -(-len(asked) // shares)
    starts = range(0, len(asked), step)
    with ThreadPoolExecutor(shares) as pool:
        parts = pool.map(lambda start: failing(asked[start : start + step]), starts)
        return [start + each for start, part in zip(starts, parts, strict=True) for each in part]


def _can_fork() -> bool:
    """A process may be copied only while nothing else runs in it."""
    return sys.platform == "linux" and (os.cpu_count() or 1) > 1 and threading.active_count() == 1


def _quietly() -> None:
    """Leave it to the process that reads to answer an interruption."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@lru_cache(maxsize=1024)
def _public_key(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)
