"""Passwords: Argon2id (RFC 9106), a few at a time, and the same work for people who do not exist."""

import asyncio
import contextlib
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from reelm.custody.envelope import new_key
from reelm.custody.errors import BusyError, PasswordUnsuitableError
from reelm.realm.service import PASSWORD_CHARS

MAX_CHARACTERS = 256


def _bytes(password: str) -> bytes:
    """The same bytes for every way of typing the same characters (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


class Passwords:
    """Hashes and checks passwords on `threads` threads; more than `waiting` in line is refused with BusyError."""

    def __init__(
        self, *, memory_kib: int = 19 * 1024, time_cost: int = 2, threads: int = 2, waiting: int = 48
    ) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._places = threads + waiting
        self._nobody = self._hasher.hash(new_key())

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _take_place(self) -> None:
        if self._places <= 0:
            raise BusyError(retry_after_seconds=2)
        self._places -= 1

    @staticmethod
    def check_suitable(password: str) -> None:
        """Raises PasswordUnsuitableError; only length counts (NIST SP 800-63B asks for no character classes)."""
        if not PASSWORD_CHARS <= len(password) <= MAX_CHARACTERS:
            raise PasswordUnsuitableError(fields={"password": "length"})

    async def hash(self, password: str) -> str:
        """Hash a suitable password. Raises PasswordUnsuitableError or BusyError."""
        self.check_suitable(password)
        self._take_place()
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._hasher.hash, _bytes(password))
        finally:
            self._places += 1

    async def matches(self, hashed: str | None, password: str) -> bool:
        """Whether the password is right; for None (nobody) the same time is spent, and the answer is no."""
        self._take_place()
        try:
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(self._pool, self._verify, hashed or self._nobody, password)
        finally:
            self._places += 1
        return right and hashed is not None

    def _verify(self, hashed: str, password: str) -> bool:
        if len(password) > MAX_CHARACTERS:
            password = password[:MAX_CHARACTERS] + "\x00"
        with contextlib.suppress(VerificationError, InvalidHashError):
            return self._hasher.verify(hashed, _bytes(password))
        return False

    def outdated(self, hashed: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)
