"""Finding people, attacked: by a program with a million numbers, by a shell in each role, by a look into every byte."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.conftest import Person, RunningRealm, client_of, maker_of_people, own_realm, start_realm, years_ago
from voprf import ristretto

from factories.contacts import Device, bind_of, bytes_of, made_entry, text_of
from reelm.custody.keystore import Keystore
from reelm.custody.matching import INFO, SECRET
from reelm.custody.service import KeysClient
from reelm.kit.clock import SystemClock


class Attacker:
    """Tries number after number of a list of a million, forty requests at a time, and takes whatever is left."""

    def __init__(self, person: Person, first: int = 0) -> None:
        self.person = person
        self.numbers: Iterator[str] = (f"tel:+336{number:08d}" for number in itertools.count(first))
        self.learned: set[bytes] = set()

    async def run(self) -> int:
        """How many outputs it could get before everything it asks is refused."""
        self.public = ristretto.PublicKey.deserialize(await self._public())
        await asyncio.gather(*(self._worker(size) for size in [100, 37, 1, 64] * 10))
        await self._worker(1)
        return len(self.learned)

    async def _public(self) -> bytes:
        return bytes_of((await self.person.get("/contacts/key")).json()["public_key"])

    async def _worker(self, size: int) -> None:
        while size:
            blinded = [ristretto.Client.blind(next(self.numbers).encode()) for _ in range(size)]
            answer = await Device(self.person).ask([element.serialize() for _, element in blinded])
            if answer.status_code == 429:
                told = answer.json()
                assert told["code"] == "contacts.enough"
                assert told["fields"]["at"].endswith("Z")
                size = min(size - 1, int(told["fields"]["left"]))
                continue
            assert answer.status_code == 200, answer.text
            told = answer.json()
            batch = bytes_of(told["proof"]) + b"".join(bytes_of(each) for each in told["evaluated"])
            self.learned |= set(
                ristretto.Client.finalize_batch(
                    [client for client, _ in blinded],
                    ristretto.VerifiableBatchOutput.deserialize(batch),
                    self.public,
                )
            )


async def test_a_program_with_a_million_numbers_gets_the_allowance_and_nothing_more() -> None:
    """With the limits as they are: 500 on the first day, 2,000 after it, 200 more each day; over a restart, too."""
    with own_realm() as realm, contextlib.ExitStack() as ending:
        ending.callback(realm.stop)
        async with client_of(realm) as client:
            fresh, grown = [Attacker(await maker_of_people(client)()) for _ in range(2)]
            admin = await asyncpg.connect(**realm.settings.database.connection("reelm_admin"))
            await admin.execute(
                "UPDATE people SET created_at = now() - interval '2 days' WHERE id = $1::uuid",
                grown.person.id,
            )
            await admin.close()
            assert await fresh.run() == 500
            assert await grown.run() == 2000
        realm.stop()
        again = start_realm(realm.data, realm.port, REELM_LIMIT_FACTOR="1000")
        ending.callback(again.stop)
        async with client_of(again) as client:
            fresh.person.client = grown.person.client = client
            assert (await fresh.run(), await grown.run()) == (500, 2000)
            admin = await asyncpg.connect(**again.settings.database.connection("reelm_admin"))
            # A day later: only the clock of the allowance is moved.
            await admin.execute("UPDATE contact_standings SET whole_at = whole_at - interval '1 day'")
            await admin.execute("UPDATE people SET created_at = created_at - interval '1 day'")
            await admin.close()
            assert await grown.run() == 2200
            # The young account is a day old now: 1,500 more at once, and the day's 200.
            assert await fresh.run() == 2200


def _entry(handle: str) -> dict[str, str]:
    output = os.urandom(64)
    return {
        "kind": "phone",
        "entry": text_of(made_entry(output, handle)),
        "bind": text_of(bind_of(output)),
    }


ATTEMPTS = [
    "INSERT INTO contact_entries (person_id, kind, place, entry) VALUES ('{alice}', 'email', 1, decode(repeat('00', 92), 'hex'))",
    "INSERT INTO contact_entries (person_id, kind, place, entry) VALUES ('{young}', 'email', 1, decode(repeat('00', 92), 'hex'))",
    "DELETE FROM contact_entries WHERE person_id = '{alice}' RETURNING 1",
    "UPDATE contact_entries SET entry = decode(repeat('00', 92), 'hex') RETURNING 1",
    "UPDATE contact_standings SET whole_at = now() RETURNING 1",
    "UPDATE contact_standings SET dropped_at = now() WHERE person_id = '{alice}' RETURNING 1",
    "DELETE FROM contact_standings RETURNING 1",
    "INSERT INTO contact_standings (person_id) VALUES ('{young}') RETURNING 1",
    "SELECT * FROM reelm.spend_evaluations(1)",
    "SELECT entry FROM contact_entries WHERE person_id = '{alice}'",
    "SELECT whole_at FROM contact_standings WHERE person_id = '{alice}'",
]


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_a_shell_in_the_web_role_does_nothing_to_others_and_gives_itself_nothing(
    web_role: Any, admin: Any, sign_up: Any, realm: RunningRealm, attempt: str
) -> None:
    alice, mallory, young = await sign_up(), await sign_up(), await sign_up(birth_date=years_ago(14))
    for person in (alice, mallory):
        assert (await person.put("/me/findable", {"entries": [_entry(person.handle)]})).status_code == 200
        await Device(person).outputs(["tel:+33600000000"])
    state = "SELECT (SELECT jsonb_agg(e ORDER BY e) FROM contact_entries e)::text || (SELECT jsonb_agg(s ORDER BY s) FROM contact_standings s)::text"
    before = await admin.fetchval(state)
    keys = KeysClient(realm.settings.keys_address, SystemClock(), secret=realm.settings.caller_secrets["web"])
    tickets = ["", *[(await keys.resolve(each.token)).ticket for each in (mallory, young)]]
    await keys.close()
    for ticket in tickets:
        try:
            async with web_role.transaction():
                await web_role.execute("SELECT set_config('reelm.ticket', $1, true)", ticket)
                assert not await web_role.fetch(attempt.format(alice=alice.id, young=young.id))
        except asyncpg.InsufficientPrivilegeError:
            pass
    assert await admin.fetchval(state) == before


@pytest.mark.parametrize(
    "role", ["reelm_worker", "reelm_catalog", "reelm_indexer", "reelm_border", "reelm_ledger", "reelm_keys"]
)
async def test_no_other_role_reads_entries_or_the_set(realm: RunningRealm, role: str) -> None:
    shell = await asyncpg.connect(**realm.settings.database.connection(role))
    for question in (
        "SELECT 1 FROM contact_entries",
        "SELECT 1 FROM contact_standings",
        "SELECT reelm.contact_set(NULL, 1)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await shell.fetch(question)
    await shell.close()


async def test_the_set_names_nobody_and_leaves_out_who_is_young(
    web_role: Any, admin: Any, sign_up: Any
) -> None:
    ada, young = await sign_up(), await sign_up()
    for person in (ada, young):
        assert (await person.put("/me/findable", {"entries": [_entry(person.handle)]})).status_code == 200
    await admin.execute("UPDATE person_details SET age_band = 'under16' WHERE person_id = $1::uuid", young.id)
    entries = dict(
        await admin.fetch(
            "SELECT person_id::text, entry FROM contact_entries WHERE person_id = ANY ($1::text[]::uuid[])",
            [ada.id, young.id],
        )
    )
    told = await web_role.fetchval("SELECT reelm.contact_set(NULL, 20000)")
    assert len(told) % 92 == 0
    assert entries[ada.id] in told
    assert entries[young.id] not in told


def _children(pid: int) -> list[int]:
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [deeper for child in found for deeper in _children(child)]


def _memory_has(pid: int, needles: list[bytes]) -> bool:
    """Whether one of these byte strings is anywhere in what a process may read and write; not if it has ended."""
    if not Path(f"/proc/{pid}/mem").exists():
        return False
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            low, high = (int(end, 16) for end in span.split("-"))
            try:
                memory.seek(low)
                piece = memory.read(high - low) or b""
            except OSError:
                continue
            if any(needle in piece for needle in needles):
                return True
    return False


def _places(realm: RunningRealm) -> tuple[list[Path], list[tuple[int, bytes]]]:
    """Every file of a realm, and every process of it but the one that has the key."""
    files = [path for path in realm.data.rglob("*") if path.is_file() and not path.is_symlink()]
    titles = [(pid, Path(f"/proc/{pid}/cmdline").read_bytes()) for pid in _children(realm.process.pid)]
    return files, [(pid, title) for pid, title in titles if b"reelm: keys" not in title]


async def test_the_key_is_in_the_keys_process_and_nowhere_else(
    realm: RunningRealm, sign_up: Any, tmp_path: Path
) -> None:
    """In no file but sealed, and in no memory of another process."""
    person = await sign_up()
    await Device(person).outputs(["tel:+33612345678"])
    await Device(person).published()
    copy = tmp_path / "keys"
    copy.mkdir(mode=0o700)
    for path in (realm.data / "keys").iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
            (copy / path.name).chmod(0o600)
    store = Keystore(copy)
    seed = store.secret(SECRET, 0, lambda: b"")
    store.close()
    public = ristretto.Evaluator.from_seed(seed, INFO).public_key.serialize()
    assert text_of(public) == (await person.get("/contacts/key")).json()["public_key"]
    needles = [seed, seed.hex().encode()]
    assert _memory_has(os.getpid(), needles)  # this test's own: what it looks for can be found
    files, processes = _places(realm)
    assert not [path for path in files if any(one in path.read_bytes() for one in needles)]
    assert len(processes) > 3
    assert not [title for pid, title in processes if _memory_has(pid, needles)]
