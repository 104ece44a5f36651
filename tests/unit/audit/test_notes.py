"""Signed notes, checkpoints and cosignatures: what the texts say, and what Python would forgive."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from reelm_audit.tlog import checkpoint, encoding
from reelm_audit.tlog.checkpoint import Checkpoint, CheckpointError
from reelm_audit.tlog.cosignature import (
    ML_DSA_44_COSIGNATURE,
    CosignatureSigner,
    CosignatureVerifier,
    any_verifier,
    ml_dsa_message,
    timestamp,
)
from reelm_audit.tlog.merkle import EMPTY_ROOT
from reelm_audit.tlog.note import (
    MAX_SIGNATURES,
    Ed25519Signer,
    NoteError,
    Verifier,
    format_line,
    open_note,
    parse_note,
    parse_vkey,
    sign_note,
)

SAME = settings(derandomize=True, database=None, deadline=None, max_examples=150)

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
TEXT = "This is an example message.\n"
LINE = "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
LOG = Ed25519Signer("realm.example/ledger", bytes(range(32)))
WITNESS = CosignatureSigner("w.example", bytes(range(1, 33)))
CHECKPOINT = Checkpoint("realm.example/ledger", 7, bytes(range(32)))


def test_the_texts_own_example():
    verifier = Verifier.from_vkey(VKEY)
    assert verifier.vkey == VKEY
    opened = open_note(f"{TEXT}\n{LINE}", [verifier])
    assert opened.text == TEXT
    assert opened.signed_by(verifier)
    with pytest.raises(NoteError, match="does not verify"):
        open_note(f"{TEXT.replace('an', 'no')}\n{LINE}", [verifier])


text_of_notes = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n")).map(
    lambda text: text + "\n"
)


@SAME
@given(text_of_notes)
def test_every_text_can_be_signed_and_opened(text):
    note = sign_note(text, LOG)
    assert open_note(note, [LOG.verifier]).text == text
    assert str(parse_note(note)) == note


@SAME
@given(st.binary(max_size=200))
def test_any_bytes_are_a_note_or_refused(data):
    for body in (data, f"{TEXT}\n{LINE}".encode() + data, data + f"\n{LINE}".encode()):
        try:
            opened = open_note(body, [Verifier.from_vkey(VKEY)])
        except NoteError:
            continue
        assert opened.text == TEXT
        assert str(parse_note(body)).encode() == body


def test_an_unknown_key_is_ignored_and_a_known_one_that_fails_rejects_the_note():
    other = Ed25519Signer("other.example", bytes(32))
    text = CHECKPOINT.text()
    note = sign_note(text, LOG, other)
    assert [line.name for line in open_note(note, [LOG.verifier]).unknown] == ["other.example"]
    with pytest.raises(NoteError, match="no known key"):
        open_note(sign_note(text, other), [LOG.verifier])
    false = format_line("other.example", other.key_id + bytes(64))
    assert open_note(sign_note(text, LOG) + false, [LOG.verifier])
    with pytest.raises(NoteError, match="does not verify"):
        open_note(sign_note(text, LOG) + false, [LOG.verifier, other.verifier])


def test_a_name_or_an_id_alone_makes_no_known_key():
    namesake = Ed25519Signer(LOG.name, bytes(32))
    opened = open_note(sign_note(CHECKPOINT.text(), namesake, LOG), [LOG.verifier])
    assert len(opened.unknown) == 1
    borrowed = format_line("other.example", LOG.key_id + bytes(64))
    assert open_note(sign_note(CHECKPOINT.text(), LOG) + borrowed, [LOG.verifier])


def test_two_keys_can_t_share_a_name_and_an_id():
    false = Verifier(LOG.name, bytes(31) + b"\1")
    false.__dict__["key_id"] = LOG.key_id
    with pytest.raises(NoteError, match="share"):
        open_note(sign_note(TEXT, LOG), [LOG.verifier, false])


def test_many_signatures_are_read_but_not_endlessly_many():
    lines = [format_line(f"w{number}.example", bytes(4 + 64)) for number in range(MAX_SIGNATURES)]
    note = sign_note(TEXT, LOG)
    assert open_note(note + "".join(lines[:16]), [LOG.verifier])
    assert open_note(note + "".join(lines[:-1]), [LOG.verifier])
    with pytest.raises(NoteError, match="too many"):
        open_note(note + "".join(lines), [LOG.verifier])
    with pytest.raises(NoteError, match="too long"):
        open_note("x" * 1_000_001, [LOG.verifier])


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\u00a0b", "a\u3000b", "a\u2028b", "a\nb", "a\tb", "a\x1fb", "\ud800"]
)
def test_what_is_no_name(name):
    assert not encoding.is_name(name)
    with pytest.raises(NoteError):
        Ed25519Signer(name, bytes(32))


@pytest.mark.parametrize(
    "vkey",
    [
        "", VKEY.replace("530d903a", "530d903b"), VKEY.replace("530d903a", "530D903A"), VKEY.replace("+530d903a", ""),
        VKEY + "=", VKEY[:-1], VKEY + "\n", " " + VKEY, VKEY.replace("foo", "fo o"), VKEY.replace("+Aek", "+ Aek"),
        VKEY.replace("example", "exämple"),
    ],
)  # fmt: skip
def test_what_is_no_key(vkey):
    with pytest.raises(NoteError):
        parse_vkey(vkey)


def test_a_key_of_another_type_is_not_taken_for_one_s_own():
    with pytest.raises(NoteError, match="type 04"):
        Verifier.from_vkey(WITNESS.vkey)
    with pytest.raises(NoteError, match="not a witness"):
        CosignatureVerifier.from_vkey(VKEY)
    assert any_verifier(VKEY) == Verifier.from_vkey(VKEY)
    assert any_verifier(WITNESS.vkey) == WITNESS.verifier


@pytest.mark.parametrize("text", ["no newline", "", "a\rb\n", "a\tb\n", "a\0b\n", "\x1b[31m\n", "\ud800\n"])
def test_what_may_not_be_signed(text):
    with pytest.raises(NoteError):
        sign_note(text, LOG)


@pytest.mark.parametrize(
    "number", ["", " 1", "1 ", "+1", "-1", "1_0", "01", "00", "0x1", "1.0", "\u0661", "²", "1\n", str(2**63)]
)
def test_what_is_no_decimal(number):
    with pytest.raises(ValueError, match="number"):
        encoding.decimal(number)


def test_decimals():
    assert [encoding.decimal(text) for text in ("0", "10", str(2**63 - 1))] == [0, 10, 2**63 - 1]


@pytest.mark.parametrize(
    "text", ["A", "AA", "AA=", "AAA=\n", " AAAA", "AA-_", "AAB=", "AB==", "AA==AA==", "ÄÄÄÄ", "A\nAAA"]
)
def test_what_is_no_base64(text):
    with pytest.raises(ValueError, match=r"base64|spelling"):
        encoding.b64decode(text)


def test_a_checkpoint_reads_as_it_was_written():
    assert checkpoint.parse(CHECKPOINT.text()) == CHECKPOINT
    assert (
        checkpoint.open_checkpoint(sign_note(CHECKPOINT.text(), LOG), LOG.verifier).checkpoint == CHECKPOINT
    )
    assert checkpoint.parse(Checkpoint("o", 0, EMPTY_ROOT).text()).size == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n7\n", "\n07\n"), ("\n7\n", "\n+7\n"), ("\n7\n", "\n-7\n"), ("\n7\n", "\n\n"), ("\n7\n", "\n7 \n"),
        ("\n7\n", "\n7\r\n"), ("\n7\n", "\n\u0667\n"), ("\n7\n", "\n9223372036854775808\n"), ("\n7\n", "\n0\n"),
        ("realm.example/ledger", ""), ("realm.example/ledger", "realm example"), ("=\n", "\n"), ("=\n", "=\nmore\n"),
        ("=\n", "="), ("=\n", "=\n\n"), ("Hh8=", "Hh9="), ("AAEC", "AAEC AAEC"),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint(old, new):
    text = CHECKPOINT.text()
    assert old in text
    with pytest.raises(CheckpointError):
        checkpoint.parse(text.replace(old, new, 1))


def test_a_checkpoint_is_its_log_s_own():
    other = Ed25519Signer("other.example/ledger", bytes(32))
    with pytest.raises(CheckpointError, match="another log"):
        checkpoint.open_checkpoint(sign_note(CHECKPOINT.text(), other), other.verifier)
    by_witness_only = CHECKPOINT.text() + "\n" + WITNESS.signature_line(CHECKPOINT.text(), 5)
    with pytest.raises(CheckpointError, match="log itself"):
        checkpoint.open_checkpoint(by_witness_only, LOG.verifier, [WITNESS.verifier])


def test_a_cosignature_holds_its_time():
    text = CHECKPOINT.text()
    note = sign_note(text, LOG) + WITNESS.signature_line(text, 1_790_000_000)
    opened = checkpoint.open_checkpoint(note, LOG.verifier, [WITNESS.verifier]).note
    ((_, line),) = [each for each in opened.verified if each[0] == WITNESS.verifier]
    assert timestamp(line.signature) == 1_790_000_000
    for when in (0, 1, 2**63 - 1):
        WITNESS.verifier.verify(
            text, parse_note(text + "\n" + WITNESS.signature_line(text, when)).lines[0].signature
        )
    with pytest.raises(NoteError, match="time"):
        WITNESS.signature_line(text, 2**63)
    with pytest.raises(NoteError, match="time"):
        WITNESS.verifier.verify(text, b"\x80" + bytes(71))
    with pytest.raises(CheckpointError):
        WITNESS.signature_line("any text\n", 1)


def test_a_cosignature_under_a_lattice_key_is_accepted():
    key = MLDSA44PrivateKey.generate()
    verifier = CosignatureVerifier("pq.example", ML_DSA_44_COSIGNATURE, key.public_key().public_bytes_raw())
    assert CosignatureVerifier.from_vkey(verifier.vkey) == verifier
    when = (1_790_000_000).to_bytes(8, "big")
    good = when + key.sign(ml_dsa_message("pq.example", CHECKPOINT, 1_790_000_000))
    note = sign_note(CHECKPOINT.text(), LOG) + format_line("pq.example", verifier.key_id + good)
    assert checkpoint.open_checkpoint(note, LOG.verifier, [verifier]).note.signed_by(verifier)
    for bad in (
        when + key.sign(ml_dsa_message("other.example", CHECKPOINT, 1_790_000_000)),
        (1_790_000_001).to_bytes(8, "big") + good[8:],
        good[:-1],
        good + b"\0",
        when
        + key.sign(
            ml_dsa_message("pq.example", Checkpoint(CHECKPOINT.origin, 8, CHECKPOINT.root), 1_790_000_000)
        ),
    ):
        with pytest.raises(NoteError):
            verifier.verify(CHECKPOINT.text(), bad)


def test_spare_bits_of_base64_are_no_second_spelling():
    raw = LOG.signature_line(TEXT).rstrip("\n").rpartition(" ")[2]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = raw[:-2] + letters[letters.index(raw[-2]) | 1] + "="
    assert twin != raw
    assert base64.b64decode(twin) == base64.b64decode(raw)
    with pytest.raises(NoteError, match="base64"):
        open_note(f"{TEXT}\n— {LOG.name} {twin}\n", [LOG.verifier])
