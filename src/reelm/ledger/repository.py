"""SQL of the ledger. Whoever serves may read it and add an entry; the sequencer alone gives entries their place."""

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from reelm.kit.database import Record, UnitOfWork
from reelm.ledger.schemas import Head, Waiting, WitnessRow

CHANGED, WANTED, RESUMED = "ledger", "ledger_wanted", "ledger_resumed"
_HEAD = (
    "origin, vkey, term, size, root, release_policy, release_checkpoint, release_size, release_at, public_policy, "
    "public_checkpoint, public_size, public_at, late_since, problem, "
    "extract(epoch FROM clock_timestamp() - alive_at)::float8 AS silent_seconds"
)
_WITNESS = "vkey, name, url, in_release, in_public, size, cosigned_at, problem"


def _head(row: Record) -> Head:
    return msgspec.convert(dict(row), Head)


class LedgerReader:
    """Reads the ledger."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def find_head(self) -> Head | None:
        row = await self._uow.fetch_row(f"SELECT {_HEAD} FROM ledger_head")
        return _head(row) if row else None

    async def find_place(self, ref: UUID) -> tuple[int | None, str | None] | None:
        """The entry's index and why it was refused, each None as long as it isn't so; None for no such entry."""
        row = await self._uow.fetch_row("SELECT leaf_index, refused FROM ledger_entries WHERE ref = $1", ref)
        return (row["leaf_index"], row["refused"]) if row else None

    async def find_body(self, index: int) -> bytes | None:
        body: bytes | None = await self._uow.fetch_value(
            "SELECT body FROM ledger_entries WHERE leaf_index = $1", index
        )
        return body

    async def find_last(self, kind: str) -> bytes | None:
        """The newest entry of a kind, whether it has its place yet or not."""
        body: bytes | None = await self._uow.fetch_value(
            "SELECT body FROM ledger_entries WHERE kind = $1 AND refused IS NULL "
            "ORDER BY leaf_index DESC NULLS FIRST, number DESC LIMIT 1",
            kind,
        )
        return body

    async def list_bodies(self, start: int, end: int) -> list[tuple[int, bytes]]:
        """Entries with their index, from `start` up to and without `end`."""
        rows = await self._uow.fetch(
            "SELECT leaf_index, body FROM ledger_entries WHERE leaf_index >= $1 AND leaf_index < $2 "
            "ORDER BY leaf_index",
            start,
            end,
        )
        return [(row["leaf_index"], row["body"]) for row in rows]

    async def list_newest(self, before: int, limit: int, kinds: list[str]) -> list[tuple[int, bytes]]:
        """The newest entries below index `before`, newest first; all of these kinds, or of any if none is given."""
        if not kinds:
            rows = await self._uow.fetch(
                "SELECT leaf_index, body FROM ledger_entries WHERE leaf_index < $1 "
                "ORDER BY leaf_index DESC LIMIT $2",
                before,
                limit,
            )
        else:
            # Each kind by its own index, so that a common one costs no more than a rare one.
            rows = await self._uow.fetch(
                "SELECT newest.leaf_index, newest.body FROM unnest($3::text[]) AS wanted (kind) "
                "CROSS JOIN LATERAL (SELECT leaf_index, body FROM ledger_entries "
                "WHERE ledger_entries.kind = wanted.kind AND leaf_index < $1 "
                "ORDER BY leaf_index DESC LIMIT $2) AS newest "
                "ORDER BY newest.leaf_index DESC LIMIT $2",
                before,
                limit,
                kinds,
            )
        return [(row["leaf_index"], row["body"]) for row in rows]

    async def count_waiting(self, limit: int) -> int:
        """How many entries wait for their place; counted up to `limit`."""
        count: int = await self._uow.fetch_value(
            "SELECT count(*) FROM (SELECT 1 FROM ledger_entries WHERE leaf_index IS NULL AND refused IS NULL "
            "LIMIT $1) AS waiting",
            limit,
        )
        return count

    async def count_kinds(self) -> dict[str, int]:
        rows = await self._uow.fetch(
            "SELECT kind, sum(entries)::bigint AS entries FROM ledger_counts GROUP BY kind ORDER BY kind"
        )
        return {row["kind"]: row["entries"] for row in rows}

    async def count_days(self, since: dt.date) -> list[tuple[dt.date, str, int]]:
        rows = await self._uow.fetch(
            "SELECT day, kind, entries FROM ledger_counts WHERE day >= $1 ORDER BY day, kind", since
        )
        return [(row["day"], row["kind"], row["entries"]) for row in rows]

    async def list_witnesses(self) -> list[WitnessRow]:
        rows = await self._uow.fetch(f"SELECT {_WITNESS} FROM ledger_witnesses ORDER BY name")
        return [msgspec.convert(dict(row), WitnessRow) for row in rows]


class LedgerWriter:
    """Adds entries to the outbox."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, ref: UUID, kind: str, body: bytes) -> None:
        await self._uow.execute(
            "INSERT INTO ledger_entries (ref, kind, body) VALUES ($1, $2, $3)", ref, kind, body
        )

    async def add_many(self, refs: Sequence[UUID], kinds: Sequence[str], bodies: Sequence[bytes]) -> None:
        await self._uow.execute(
            "INSERT INTO ledger_entries (ref, kind, body) "
            "SELECT ref, kind, body FROM unnest($1::uuid[], $2::text[], $3::bytea[]) WITH ORDINALITY "
            "AS given (ref, kind, body, place) ORDER BY place",
            refs,
            kinds,
            bodies,
        )

    async def tell(self, channel: str) -> None:
        """Wake whoever listens, when this transaction commits."""
        await self._uow.fetch_value("SELECT pg_notify($1, '')", channel)


class SequencerWriter:
    """Gives entries their place and says what is published; as `reelm_ledger` only."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def begin_term(
        self, origin: str, vkey: str, empty_root: bytes, release: str, public: str, *, resume: bool = False
    ) -> Head:
        """Take over. The first start makes the row, and its origin stays; an earlier sequencer's writes now fail."""
        row = await self._uow.fetch_row(
            "INSERT INTO ledger_head (origin, vkey, term, root, release_policy, public_policy) "
            "VALUES ($1, $2, 1, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET term = ledger_head.term + 1, "
            "release_policy = excluded.release_policy, public_policy = excluded.public_policy, "
            "problem = CASE WHEN $6 THEN NULL ELSE ledger_head.problem END, alive_at = clock_timestamp() "
            f"RETURNING {_HEAD}",
            origin,
            vkey,
            empty_root,
            release,
            public,
            resume,
        )
        assert row is not None
        return _head(row)

    async def still_writes(self, term: int) -> bool:
        """Say so in the row, too; it stays locked until the transaction ends."""
        touched = await self._uow.execute(
            "UPDATE ledger_head SET alive_at = clock_timestamp() WHERE term = $1", term
        )
        return touched == 1

    async def list_waiting(self, limit: int) -> list[Waiting]:
        """The first that wait. Not from a highest number onwards: transactions end in another order.

        A charter goes before all that waits: what else starts with it may be quicker to write its first entry.
        """
        rows = await self._uow.fetch(
            "SELECT ref, kind, body FROM ("
            "(SELECT ref, kind, body, number FROM ledger_entries "
            "WHERE leaf_index IS NULL AND refused IS NULL AND kind = 'charter.adopted') "
            "UNION ALL (SELECT ref, kind, body, number FROM ledger_entries "
            "WHERE leaf_index IS NULL AND refused IS NULL AND kind <> 'charter.adopted' ORDER BY number LIMIT $1)"
            ") AS waiting ORDER BY kind = 'charter.adopted' DESC, number LIMIT $1",
            limit,
        )
        return [Waiting(row["ref"], row["kind"], row["body"]) for row in rows]

    async def place(self, refs: Sequence[UUID], first: int) -> int:
        """Give the entries consecutive indices from `first` on; return how many got theirs."""
        return await self._uow.execute(
            "UPDATE ledger_entries AS e SET leaf_index = $2 + given.place - 1 "
            "FROM unnest($1::uuid[]) WITH ORDINALITY AS given (ref, place) "
            "WHERE e.ref = given.ref AND e.leaf_index IS NULL AND e.refused IS NULL",
            refs,
            first,
        )

    async def refuse(self, ref: UUID, reason: str) -> None:
        await self._uow.execute("UPDATE ledger_entries SET refused = $2 WHERE ref = $1", ref, reason)

    async def add_placed(
        self,
        refs: Sequence[UUID],
        kinds: Sequence[str],
        bodies: Sequence[bytes],
        indices: Sequence[int],
    ) -> None:
        """Add entries that were published before and are missing here."""
        await self._uow.execute(
            "INSERT INTO ledger_entries (ref, kind, body, leaf_index) "
            "SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bigint[])",
            refs,
            kinds,
            bodies,
            indices,
        )

    async def count_in(self, counts: Mapping[tuple[dt.date, str], int]) -> None:
        await self._uow.execute(
            "INSERT INTO ledger_counts (day, kind, entries) "
            "SELECT * FROM unnest($1::date[], $2::text[], $3::bigint[]) "
            "ON CONFLICT (day, kind) DO UPDATE SET entries = ledger_counts.entries + excluded.entries",
            [day for day, _ in counts],
            [kind for _, kind in counts],
            list(counts.values()),
        )

    async def advance(self, term: int, old: int, size: int, root: bytes) -> bool:
        """Compare and swap the head."""
        touched = await self._uow.execute(
            "UPDATE ledger_head SET size = $3, root = $4, alive_at = clock_timestamp() "
            "WHERE term = $1 AND size = $2",
            term,
            old,
            size,
            root,
        )
        return touched == 1

    async def publish_release(self, term: int, size: int, note: str, at: dt.datetime) -> bool:
        touched = await self._uow.execute(
            "UPDATE ledger_head SET release_size = $2, release_checkpoint = $3, release_at = $4 "
            "WHERE term = $1 AND release_size <= $2",
            term,
            size,
            note,
            at,
        )
        return touched == 1

    async def publish_public(self, term: int, size: int, note: str, at: dt.datetime) -> bool:
        touched = await self._uow.execute(
            "UPDATE ledger_head SET public_size = $2, public_checkpoint = $3, public_at = $4 "
            "WHERE term = $1 AND public_size <= $2",
            term,
            size,
            note,
            at,
        )
        return touched == 1

    async def forget_published(self, term: int, *, release: bool, public: bool) -> None:
        """The policy has changed, and the checkpoint that met the old one doesn't meet it: there is none now."""
        await self._uow.execute(
            "UPDATE ledger_head SET release_size = CASE WHEN $2 THEN 0 ELSE release_size END, "
            "release_checkpoint = CASE WHEN $2 THEN NULL ELSE release_checkpoint END, "
            "release_at = CASE WHEN $2 THEN NULL ELSE release_at END, "
            "public_size = CASE WHEN $3 THEN 0 ELSE public_size END, "
            "public_checkpoint = CASE WHEN $3 THEN NULL ELSE public_checkpoint END, "
            "public_at = CASE WHEN $3 THEN NULL ELSE public_at END WHERE term = $1",
            term,
            release,
            public,
        )

    async def say_late(self, term: int, since: dt.datetime | None) -> None:
        await self._uow.execute(
            "UPDATE ledger_head SET late_since = $2 WHERE term = $1 AND late_since IS DISTINCT FROM $2",
            term,
            since,
        )

    async def say_problem(self, term: int, problem: str) -> bool:
        """Stop the ledger; return whether it was this sequencer's to stop."""
        touched = await self._uow.execute(
            "UPDATE ledger_head SET problem = $2 WHERE term = $1", term, problem
        )
        return touched == 1

    async def forget_problem(self) -> None:
        """Let the ledger go on."""
        await self._uow.execute("UPDATE ledger_head SET problem = NULL")

    async def set_witnesses(self, rows: Sequence[WitnessRow]) -> None:
        """Keep exactly these."""
        await self._uow.execute(
            "DELETE FROM ledger_witnesses WHERE vkey <> ALL ($1::text[])", [row.vkey for row in rows]
        )
        for row in rows:
            await self._uow.execute(
                "INSERT INTO ledger_witnesses (vkey, name, url, in_release, in_public, size, cosigned_at, problem) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (vkey) DO UPDATE SET name = excluded.name, "
                "url = excluded.url, in_release = excluded.in_release, in_public = excluded.in_public, "
                "size = excluded.size, cosigned_at = excluded.cosigned_at, problem = excluded.problem",
                *msgspec.structs.astuple(row),
            )
