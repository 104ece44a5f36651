"""The log's key, references and openings, signed exports."""

import hashlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.custody.conftest import House

from reelm.custody import errors
from reelm.custody.envelope import new_key
from reelm.custody.keystore import Keystore
from reelm.custody.marks import LogHead
from reelm.custody.references import opening_of, reference_of
from reelm.kit.errors import InvalidRequestError, NotFoundError, SignInRequiredError
from reelm_audit.tlog.checkpoint import Checkpoint, parse
from reelm_audit.tlog.merkle import EMPTY_ROOT
from reelm_audit.tlog.note import NoteError, Verifier, open_note

ORIGIN = "reelm.example/ledger"


def _text(size: int, root: bytes | None = None, origin: str = ORIGIN) -> str:
    return Checkpoint(origin, size, root or hashlib.sha256(b"%d" % size).digest()).text()


async def test_a_checkpoint_is_signed_as_the_texts_say(house: House) -> None:
    sequencer = house.client("sequencer")
    key = Verifier.from_vkey(await sequencer.log_vkey(ORIGIN))
    assert key.name == ORIGIN
    text = _text(7)
    line = await sequencer.sign_checkpoint(text)
    opened = open_note(f"{text}\n{line}", [key])
    assert parse(opened.text).size == 7
    assert await sequencer.sign_checkpoint(text) == line


async def test_an_empty_log_is_signed_too(house: House) -> None:
    sequencer = house.client("sequencer")
    assert await sequencer.sign_checkpoint(_text(0, EMPTY_ROOT))
    assert await sequencer.sign_checkpoint(_text(1))
    with pytest.raises(errors.CheckpointRefusedError):
        await sequencer.sign_checkpoint(_text(0, EMPTY_ROOT))


@pytest.mark.parametrize(
    "wrong",
    [
        _text(9),
        _text(10, bytes(32)),
        _text(0, EMPTY_ROOT),
        _text(11, origin="elsewhere.example/ledger"),
        _text(11) + "extension\n",
        _text(11)[:-1],
        _text(11) + "\n",
        _text(11).replace("11", "011"),
        _text(11).replace("11", "+11"),
        _text(11).replace("11", "1_1"),
        _text(11).replace("11", " 11"),
        _text(11).replace("\n", "\r\n"),
        f"{ORIGIN}\n11\nAAAA\n",
        "",
        "\n\n\n",
        _text(11).replace(ORIGIN, f"{ORIGIN} "),
    ],
)
async def test_what_contradicts_or_is_malformed_is_not_signed(house: House, wrong: str) -> None:
    sequencer = house.client("sequencer")
    await sequencer.sign_checkpoint(_text(10))
    for _ in range(2):
        with pytest.raises(errors.CheckpointRefusedError):
            await sequencer.sign_checkpoint(wrong)
        await house.stop()
        await house.start()
    assert await sequencer.sign_checkpoint(_text(11))


async def test_one_store_signs_for_one_log(house: House) -> None:
    sequencer = house.client("sequencer")
    await sequencer.log_vkey(ORIGIN)
    await house.stop()
    await house.start()
    for refused in (
        sequencer.log_vkey("elsewhere.example/ledger"),
        sequencer.sign_checkpoint(_text(1, origin="elsewhere.example/ledger")),
        sequencer.log_vkey("no name"),
        sequencer.log_vkey(""),
    ):
        with pytest.raises(errors.CheckpointRefusedError):
            await refused
    assert await sequencer.log_vkey(ORIGIN)


async def test_only_the_sequencer_has_the_log_s_key(house: House) -> None:
    for caller in ("web", "worker", "cli"):
        client = house.client(caller)
        for refused in (client.sign_checkpoint(_text(1)), client.log_vkey(ORIGIN)):
            with pytest.raises(errors.CallerRefusedError):
                await refused
    web = house.client()
    _, token = await house.person(web)
    sequencer = house.client("sequencer")
    for refused in (
        sequencer.person_key(token),
        sequencer.resolve(token),
        sequencer.references("rights.erased", [(house.ids.new(), b"d")]),
        sequencer.export_vkey(),
        sequencer.snapshot(),
    ):
        with pytest.raises(errors.CallerRefusedError):
            await refused


def test_a_head_that_was_put_back_or_written_by_hand_is_noticed(folder: Path) -> None:
    store = Keystore(folder / "keys")
    assert store.advance_log_head(LogHead(ORIGIN, 5, bytes(32)))
    old = store.reader.execute("SELECT sealed FROM log_head").fetchone()[0]
    store.close()
    other = Keystore(folder / "other")
    assert other.advance_log_head(LogHead(ORIGIN, 1, bytes(32)))
    foreign = other.reader.execute("SELECT sealed FROM log_head").fetchone()[0]
    other.close()
    with sqlite3.connect(folder / "keys" / "store.sqlite") as db:
        db.execute("UPDATE log_head SET sealed = ?", (foreign,))
    db.close()
    store = Keystore(folder / "keys")
    with pytest.raises(errors.SealBrokenError):
        store.find_log_head()
    with pytest.raises(errors.SealBrokenError):
        store.advance_log_head(LogHead(ORIGIN, 9, bytes(32)))
    store.close()
    assert old != foreign


# --- references -----------------------------------------------------------------------------------------------


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_an_opening_opens_one_kind_and_document_only(document: bytes, other: bytes) -> None:
    opening = opening_of(new_key(), bytes(16))
    reference = reference_of(opening, "grant.used", document)
    assert (reference_of(opening, "grant.used", other) == reference) == (document == other)
    assert reference_of(opening, "grant.requested", document) != reference


async def test_a_person_s_reference_opens_for_them_alone(house: House) -> None:
    web = house.client()
    lina, linas = await house.person(web)
    mallory, mallorys = await house.person(web, "mallorys own")
    ((reference, nonce), (again, nonce2), (theirs, _)) = await web.references(
        "grant.used", [(lina, b"d"), (lina, b"d"), (mallory, b"d")]
    )
    assert len({reference, again, theirs}) == 3
    opening = await web.opening(linas, nonce)
    assert reference_of(bytes.fromhex(opening), "grant.used", b"d") == reference
    assert reference_of(bytes.fromhex(opening), "grant.used", b"e") != reference
    # Not the other entry about the same person, and not with somebody else's session.
    assert reference_of(bytes.fromhex(opening), "grant.used", b"d") != again
    assert reference_of(bytes.fromhex(await web.opening(linas, nonce2)), "grant.used", b"d") == again
    foreign = await web.opening(mallorys, nonce)
    assert reference_of(bytes.fromhex(foreign), "grant.used", b"d") != reference


async def test_an_erased_person_has_no_references_and_no_openings(house: House) -> None:
    web, worker = house.client(), house.client("worker")
    person, token = await house.person(web)
    [(_, nonce)] = await web.references("grant.used", [(person, b"d")])
    ticket = await web.mint_job_ticket(token, "rights_export")
    assert await worker.job_openings(ticket, [nonce]) == [await web.opening(token, nonce)]
    await web.erase(token, password="correct horse")
    with pytest.raises(NotFoundError):
        await web.references("grant.used", [(person, b"d")])
    with pytest.raises(SignInRequiredError):
        await web.opening(token, nonce)
    with pytest.raises(errors.TicketRefusedError):
        await worker.job_openings(ticket, [nonce])


async def test_malformed_references_are_refused(house: House) -> None:
    web = house.client()
    person, token = await house.person(web)
    for kind, document in (
        ("", b""),
        ("grant", b""),
        ("Grant.used", b""),
        ("a.b\n", b""),
        ("a.b", bytes(1025)),
    ):
        with pytest.raises(InvalidRequestError):
            await web.references(kind, [(person, document)])
    for nonce in (b"", bytes(15), bytes(17)):
        with pytest.raises(InvalidRequestError):
            await web.opening(token, nonce)
    with pytest.raises(NotFoundError):
        await web.references("grant.used", [(house.ids.new(), b"")])
    assert len(await web.references("grant.used", [(person, b"d")] * 200)) == 200


async def test_only_jobs_that_say_so_open_references_or_sign(house: House) -> None:
    web, worker = house.client(), house.client("worker")
    _, token = await house.person(web)
    other = await web.mint_job_ticket(token, "rights_import")
    with pytest.raises(errors.TicketRefusedError):
        await worker.job_openings(other, [bytes(16)])
    with pytest.raises(errors.TicketRefusedError):
        await worker.sign_export("ab" * 32, job_ticket=other)
    for forged in ("", "j1.x", other[:-1] + ("0" if other[-1] != "0" else "1")):
        with pytest.raises((errors.TicketRefusedError, SignInRequiredError)):
            await worker.sign_export("ab" * 32, job_ticket=forged)


# --- exports --------------------------------------------------------------------------------------------------


async def test_an_export_is_signed_with_a_key_of_its_own(house: House) -> None:
    web, worker, sequencer = house.client(), house.client("worker"), house.client("sequencer")
    _, token = await house.person(web)
    digest = hashlib.sha256(b"manifest").hexdigest()
    key = Verifier.from_vkey(await web.export_vkey())
    assert key.name == "reelm.example/export"
    log = Verifier.from_vkey(await sequencer.log_vkey(ORIGIN))
    assert log.public_key != key.public_key
    ticket = await web.mint_job_ticket(token, "rights_export")
    for note in (
        await web.sign_export(digest, token=token),
        await worker.sign_export(digest, job_ticket=ticket),
    ):
        assert open_note(note, [key]).text == f"reelm-export/v1\n{digest}\n"
        with pytest.raises(NoteError):
            open_note(note, [log])
    for wrong in ("", digest[:-1], digest.upper(), digest + "\n"):
        with pytest.raises(InvalidRequestError):
            await web.sign_export(wrong, token=token)
    await house.stop()
    await house.start()
    assert await web.export_vkey() == key.vkey
