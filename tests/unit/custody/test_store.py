"""The store and its sealing: tampering, moving, erasing, wrong keys."""

import os
import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.custody.conftest import House

from reelm.custody import errors
from reelm.custody.envelope import KekRing, context, create_slot, new_key, seal, unseal
from reelm.custody.fields import open_field, seal_field
from reelm.custody.keystore import Keystore
from reelm.kit.errors import SignInRequiredError

PARTS = st.lists(st.text(max_size=20), min_size=3, max_size=5)


@given(st.binary(max_size=200), PARTS, PARTS, st.integers(0, 10_000), st.integers(1, 255))
def test_a_sealed_value_opens_in_its_own_place_only(
    plain: bytes, here: list[str], there: list[str], place: int, change: int
) -> None:
    key = new_key()
    sealed = seal(key, plain, context(*here))
    assert unseal(key, sealed, context(*here)) == plain
    if here != there:
        with pytest.raises(errors.SealBrokenError):
            unseal(key, sealed, context(*there))
    broken = bytearray(sealed)
    broken[place % len(broken)] ^= change
    for value, with_key in ((bytes(broken), key), (sealed, new_key()), (sealed[: place % len(sealed)], key)):
        with pytest.raises(errors.SealBrokenError):
            unseal(with_key, value, context(*here))


@given(PARTS, PARTS)
def test_contexts_never_run_together(one: list[str], other: list[str]) -> None:
    assert (context(*one) == context(*other)) == (one == other)


@given(st.text(max_size=100))
def test_a_field_is_bound_to_its_column_and_person(value: str) -> None:
    key, lina, mallory = new_key(), UUID(int=1), UUID(int=2)
    sealed = seal_field(key, "person_details", "email_sealed", lina, value)
    assert open_field(key, "person_details", "email_sealed", lina, sealed) == value
    for table, column, person in (
        ("person_details", "email_sealed", mallory),
        ("person_details", "phone_sealed", lina),
        ("people", "email_sealed", lina),
    ):
        with pytest.raises(errors.SealBrokenError):
            open_field(key, table, column, person, sealed)


def test_keys_are_sealed_under_the_slot_that_is_named() -> None:
    ring = KekRing({1: new_key(), 2: new_key()})
    sealed = ring.seal(b"x", b"about", slot=2)
    assert ring.unseal(sealed, b"about") == b"x"
    with pytest.raises(errors.SealBrokenError):
        ring.unseal(sealed[:1] + b"\x01" + sealed[2:], b"about")
    with pytest.raises(errors.KeyFileError):
        ring.seal(b"x", b"about", slot=3)
    assert "slots=[1, 2]" in repr(ring)


def test_the_store_refuses_wrong_missing_and_readable_key_files(folder: Path) -> None:
    keys = folder / "keys"
    Keystore(keys).close()
    kek = keys / "kek"
    right = kek.read_bytes()
    assert kek.stat().st_mode & 0o777 == 0o600
    assert keys.stat().st_mode & 0o777 == 0o700
    Keystore(keys).close()
    kek.write_bytes(os.urandom(32))
    with pytest.raises(errors.KeyStoreError):
        Keystore(keys)
    kek.write_bytes(right[:31])
    with pytest.raises(errors.KeyFileError):
        Keystore(keys)
    kek.write_bytes(right)
    kek.chmod(0o640)
    with pytest.raises(errors.KeyFileError):
        Keystore(keys)
    kek.unlink()
    with pytest.raises(errors.KeyFileError):
        Keystore(keys)
    assert not kek.exists()


def test_the_store_refuses_a_newer_schema(folder: Path) -> None:
    Keystore(folder / "keys").close()
    with sqlite3.connect(folder / "keys" / "store.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(errors.KeyStoreError):
        Keystore(folder / "keys")


def test_a_second_slot_is_added_without_touching_the_first(folder: Path) -> None:
    Keystore(folder / "keys").close()
    create_slot(folder / "keys", 2)
    with pytest.raises(FileExistsError):
        create_slot(folder / "keys", 2)
    store = Keystore(folder / "keys")
    assert store.ring.slots == [1, 2]
    store.close()
    (folder / "keys" / "kek-2").unlink()
    with pytest.raises(errors.KeyStoreError):
        Keystore(folder / "keys")


async def test_the_file_holds_no_secret_in_clear(house: House) -> None:
    client = house.client()
    person_id, token = await house.person(client)
    key = await client.person_key(token)
    await house.stop()
    raw = b"".join(path.read_bytes() for path in (house.folder / "keys").iterdir() if path.name != "kek")
    assert person_id.bytes in raw
    for secret in (key, token.encode(), b"correct horse", b"argon2id", house.rows.secrets[0], b"test\x00"):
        assert secret not in raw


async def test_nothing_of_an_erased_person_is_left_in_the_files(house: House) -> None:
    client = house.client()
    people = [await house.person(client) for _ in range(30)]
    assert house.keeper is not None
    doomed, token = people[13]
    row = house.keeper.store.reader.execute(
        "SELECT p.data_key, p.ledger_key, p.password, s.sealed, s.token_hash FROM people p"
        " JOIN sessions s USING (person_id) WHERE person_id = ?",
        (doomed.bytes,),
    ).fetchone()
    traces = [doomed.bytes, *row]
    await client.change_password(token, "correct horse", "battery staple")
    folder = house.folder / "keys"

    def raw() -> bytes:
        return b"".join(path.read_bytes() for path in folder.iterdir())

    assert all(trace in raw() for trace in traces)
    await client.erase(token, password="battery staple")
    assert not [trace for trace in traces if trace in raw()]
    assert people[12][0].bytes in raw()


async def test_rows_moved_to_another_person_open_nothing(house: House) -> None:
    client = house.client()
    victim, victims = await house.person(client)
    mallory, mallorys = await house.person(client, "mallorys own")
    await house.stop()
    with sqlite3.connect(house.folder / "keys" / "store.sqlite") as db:
        # Mallory's session now says that it is the victim's.
        db.execute("UPDATE sessions SET person_id = ? WHERE person_id = ?", (victim.bytes, mallory.bytes))
    db.close()
    await house.start()
    fresh = house.client()
    with pytest.raises(SignInRequiredError):
        await fresh.resolve(mallorys)
    assert (await fresh.resolve(victims)).person_id == victim
    await house.stop()
    with sqlite3.connect(house.folder / "keys" / "store.sqlite") as db:
        # The victim's row gets Mallory's password hash.
        db.execute(
            "UPDATE people SET password = (SELECT password FROM people WHERE person_id = ?) WHERE person_id = ?",
            (mallory.bytes, victim.bytes),
        )
    db.close()
    await house.start()
    with pytest.raises(errors.ReelmError):
        await house.client().sign_in(victim, "mallorys own", "x")
    assert (await house.client().sign_in(mallory, "mallorys own", "x")).session.person_id == mallory


async def test_a_session_written_by_hand_is_no_session(house: House) -> None:
    import hashlib

    client = house.client()
    victim, _ = await house.person(client)
    await house.stop()
    with sqlite3.connect(house.folder / "keys" / "store.sqlite") as db:
        now = int(house.clock.now().timestamp())
        db.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                bytes(16),
                hashlib.sha256(b"planted").digest(),
                victim.bytes,
                os.urandom(40),
                now,
                now,
                now + 9999,
            ),
        )
    db.close()
    await house.start()
    with pytest.raises(SignInRequiredError):
        await house.client().resolve("planted")


async def test_sessions_of_one_person_are_bounded(house: House) -> None:
    client = house.client()
    person_id, first = await house.person(client)
    for _ in range(200):
        house.clock.advance(__import__("datetime").timedelta(seconds=1))
        await client.sign_in(person_id, "correct horse", "x")
    client.forget_everything()
    with pytest.raises(SignInRequiredError):
        await client.resolve(first)
