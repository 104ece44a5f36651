"""The opener: release rule (c). It checks the evidence, asks what only now can be known, and reads the rows itself.

In this order: 1. a live session; 2. the evidence (`grantproof`), against the pinned charter and this store's own log
key; 3. the session's person holds the key that asked, and neither signer has left; 4. the grant was not ended since;
5. the rows are read through functions that no other role can call, and opened here; 6. this use is noted as opened,
durably, so that it opens nothing again, and counted; 7. the person sees it and is told, if the console has not seen
to that; 8. only then the answer. The data key itself never leaves.
"""

from typing import Any
from uuid import UUID

import msgspec

from reelm.custody import opening_errors as refused
from reelm.custody import opening_schemas as words
from reelm.custody.counts import GRANT, GRANT_AGAIN, Counts
from reelm.custody.door import Door
from reelm.custody.envelope import context, unseal
from reelm.custody.grantproof import Allowed, CharterRules, check
from reelm.custody.keystore import Keystore, PersonRow
from reelm.custody.messages import Handlers
from reelm.custody.opening_note import note_of
from reelm.custody.releases import open_file_key
from reelm.custody.repository import RealmRows
from reelm.custody.signing import LogSigner
from reelm.kit.clock import Clock
from reelm.kit.errors import NotFoundError
from reelm.kit.ids import Ids

_ENDS = ("grant.denied", "grant.expired", "staff.left")
_IDENTITY = ("birth_date", "country", "email", "phone")


class Opener:
    """Opens one kind of one person's data at a time. Without `rules` nothing is opened."""

    def __init__(
        self,
        store: Keystore,
        door: Door,
        log: LogSigner,
        rows: RealmRows,
        counts: Counts,
        clock: Clock,
        ids: Ids,
        rules: CharterRules | None,
    ) -> None:
        self._store = store
        self._door = door
        self._log = log
        self._rows = rows
        self._counts = counts
        self._clock = clock
        self._ids = ids
        self._rules = rules

    def handlers(self) -> Handlers:
        return {words.GrantOpening: self.open}

    async def open(self, asked: words.GrantOpening) -> words.OpenedData:
        """Raises a GrantRefusedError, or NotFoundError for a clip that the person does not have."""
        _, asker, _ = self._door.live(asked.token)
        allowed = self._check(asked)
        await self._check_now(allowed, asker.person_id)
        person = self._store.find_person(allowed.person_id)
        if person is None:
            raise refused.GrantOtherPersonError
        opened = await self._read(allowed, person, asked.page)
        now = int(self._clock.now().timestamp())
        what = f"clip {allowed.clip_id}" if allowed.what == "clip" else f"{allowed.what} {asked.page}"
        mark = await self._door.write(self._store.mark_grant_use, allowed.use, what, now)
        if mark == "again" and allowed.what != "clip":
            raise refused.GrantUsedBeforeError
        # One entry, one key counted: pages of the same rows and pieces of the same film are told apart from it.
        self._counts.add(GRANT if mark == "first" else GRANT_AGAIN)
        await self._counts.write()
        await self._rows.note_opening(person.person_id, note_of(asked, self._ids))
        return opened

    def _check(self, asked: words.GrantOpening) -> Allowed:
        log = self._log.verifier()
        if log is None:
            raise refused.GrantNotLoggedError("There is no ledger yet.")
        if self._rules is None:
            raise refused.GrantOtherCharterError("The charter is not signed by those who have to.")
        ledger_key = self._store.find_ledger_key(asked.person_id)
        if ledger_key is None:
            raise refused.GrantOtherPersonError
        begun = asked.what == "clip" and self._store.was_grant_used(asked.use.index)
        return check(asked, ledger_key, self._rules, log, self._clock.now(), begun=begun)

    async def _check_now(self, allowed: Allowed, asker: UUID) -> None:
        enrolled = await self._rows.list_enrolled_staff(sorted(allowed.enrolled_at))
        if set(enrolled) != set(allowed.enrolled_at):
            raise refused.GrantStaffUnknownError("Somebody who signed has left.")
        if enrolled[allowed.asker] != asker:
            raise refused.GrantSessionError
        since = min(allowed.approval, *allowed.enrolled_at.values())
        for index, entry in await self._rows.list_entries_after(_ENDS, since):
            if entry.get("request") == allowed.request and entry["kind"] != "staff.left":
                raise refused.GrantOverError("The grant was ended.")
            joined = allowed.enrolled_at.get(str(entry.get("staff")))
            if entry["kind"] == "staff.left" and joined is not None and (index is None or index > joined):
                raise refused.GrantStaffUnknownError("Somebody who signed has left.")

    async def _read(self, allowed: Allowed, person: PersonRow, page: int) -> words.OpenedData:
        match allowed.what:
            case "identity":
                sealed = await self._rows.find_granted_identity(person.person_id)
                return words.OpenedData(identity=_open_identity(person, sealed))
            case "social":
                rows, more = await self._page("ties", person.person_id, page)
                return words.OpenedData(ties=msgspec.convert(rows, list[words.Tie]), more=more)
            case "telemetry":
                rows, more = await self._page("watched", person.person_id, page)
                return words.OpenedData(watched=msgspec.convert(rows, list[words.Watched]), more=more)
            case "private":
                rows, more = await self._page("clips", person.person_id, page)
                return words.OpenedData(clips=[_clip(row) for row in rows], more=more)
            case "clip":
                return await self._read_clip(person, allowed.clip_id)

    async def _page(self, kind: Any, person_id: UUID, page: int) -> tuple[list[dict[str, Any]], bool]:
        size = words.ROWS_A_PAGE
        rows = await self._rows.list_granted(kind, person_id, page * size, size + 1)
        return rows[:size], len(rows) > size

    async def _read_clip(self, person: PersonRow, clip_id: UUID | None) -> words.OpenedData:
        row = await self._rows.find_granted_clip(person.person_id, clip_id) if clip_id else None
        if row is None or clip_id is None:
            raise NotFoundError
        key = open_file_key(person, "clip", clip_id, row.pop("wrapped_key"))
        return words.OpenedData(clip_key=key, clips=[_clip(row)])


def _open_identity(person: PersonRow, sealed: dict[str, bytes | None]) -> words.Identity:
    opened: dict[str, str | None] = {}
    for name in _IDENTITY:
        value = sealed.get(f"{name}_sealed")
        about = context("person_details", f"{name}_sealed", person.person_id.bytes)
        opened[name] = None if value is None else unseal(person.data_key, value, about).decode()
    return words.Identity(**opened)


def _clip(row: dict[str, Any]) -> words.PrivateClip:
    media = row["media"]
    if media is not None and not isinstance(media, str):
        media = msgspec.json.encode(media).decode()
    return msgspec.convert({**row, "media": media}, words.PrivateClip)
