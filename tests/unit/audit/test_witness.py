"""A witness over HTTP: every wrong request gets the status that the texts give it, and none changes what it has seen."""

import http.client
import socket
import threading

import pytest
from tests.factories.logs import MemoryLog

from reelm_audit import witness_server
from reelm_audit.tlog import merkle
from reelm_audit.tlog.checkpoint import Checkpoint, open_checkpoint
from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.note import Ed25519Signer, format_line, open_note, sign_note
from reelm_audit.tlog.witness import (
    MAX_REQUEST_BYTES,
    AddCheckpoint,
    WitnessError,
    checkpoint_path,
    parse_cosignatures,
    parse_request,
    parse_size,
)
from reelm_audit.witness_server import WitnessServer
from reelm_audit.witnessing import StateError, Witness, read_or_make_key

NOW = 1_790_000_000


@pytest.fixture
def log():
    made = MemoryLog()
    made.append(*[b"%d" % number for number in range(300)])
    return made


class Asker:
    """Asks a witness, one connection for each request."""

    def __init__(self, port):
        self.port = port

    def __call__(self, body, *, method="POST", path="/add-checkpoint", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type"), answer.read()
        finally:
            connection.close()


@pytest.fixture
def key():
    return CosignatureSigner("w.example", bytes(range(32)))


@pytest.fixture
def ask(log, key, tmp_path):
    witness = Witness(key, tmp_path / "state", [log.key.verifier], lambda: NOW)
    server = WitnessServer(("127.0.0.1", 0), witness)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Asker(server.server_port)
    server.shutdown()
    server.server_close()
    witness.close()
    thread.join()


def request(log, old, new, *, proof=None, note=None):
    proof = log.consistency(old, new) if proof is None else proof
    return AddCheckpoint(old, tuple(proof), note or log.note(new)).text().encode()


def shown_size(ask, log):
    status, _, body = ask(None, method="GET", path=f"/{checkpoint_path(log.key.name)}")
    return open_checkpoint(body, log.key.verifier).checkpoint.size if status == 200 else None


def test_a_witness_follows_a_log(ask, log, key):
    for old, new in [(0, 0), (0, 7), (7, 7), (7, 256), (256, 300)]:
        status, kind, body = ask(request(log, old, new))
        assert (status, kind) == (200, "text/plain; charset=utf-8"), body
        (line,) = parse_cosignatures(body)
        opened = open_note(log.note(new) + line.line, [key.verifier])
        assert opened.signed_by(key.verifier)
        assert line.signature[:8] == NOW.to_bytes(8, "big")
        assert shown_size(ask, log) == new


def test_what_is_shown_carries_the_witness_s_own_cosignature(ask, log, key):
    stranger = CosignatureSigner("other.example", bytes(32))
    text = log.checkpoint(5).text()
    assert ask(request(log, 0, 5, note=log.note(5) + stranger.signature_line(text, 1)))[0] == 200
    _, _, body = ask(None, method="GET", path=f"/{checkpoint_path(log.key.name)}")
    opened = open_checkpoint(body, log.key.verifier, [key.verifier])
    assert opened.note.signed_by(key.verifier)
    assert not opened.note.unknown  # a stranger's line is not passed on


def test_the_size_it_has_is_told_where_the_old_one_is_another(ask, log):
    assert ask(request(log, 0, 7))[0] == 200
    for old in (0, 1, 6, 8):
        status, kind, body = ask(request(log, old, 20))
        assert (status, kind, body) == (409, "text/x.tlog.size", b"7\n")
        assert parse_size(body) == 7
    assert ask(request(log, 0, 3))[0] == 409
    assert shown_size(ask, log) == 7


def _another_root(log, size):
    return sign_note(Checkpoint(log.key.name, size, bytes(32)).text(), log.key)


def wrong_requests(log):
    """Everything that a witness which has seen size 7 must refuse, with its status."""
    good = request(log, 7, 20)
    stranger = Ed25519Signer(log.key.name, bytes(32))
    elsewhere = Ed25519Signer("elsewhere.example/ledger", bytes(32))
    text = log.checkpoint(20).text()
    proof = log.consistency(7, 20)
    broken = format_line(log.key.name, log.key.key_id + bytes(64))
    malformed = sign_note(text.replace("\n20\n", "\n020\n"), log.key)
    return {
        "an unknown log": (404, request(log, 7, 20, note=sign_note(text.replace(log.key.name, elsewhere.name), elsewhere))),
        "no signature of the log": (403, request(log, 7, 20, note=sign_note(text, elsewhere))),
        "a stranger's signature in the log's name": (403, request(log, 7, 20, note=sign_note(text, stranger))),
        "a false signature": (403, request(log, 7, 20, note=text + "\n" + broken)),
        "a true and a false signature": (403, request(log, 7, 20, note=sign_note(text, log.key) + broken)),
        "a checkpoint signed but malformed": (400, request(log, 7, 20, note=malformed)),
        "an old size beyond the checkpoint": (400, request(log, 7, 5, proof=[])),
        "no checkpoint": (400, b"old 7\n\n"),
        "nothing": (400, b""),
        "no old size": (400, good.partition(b"\n")[2]),
        "a leading zero": (400, good.replace(b"old 7", b"old 07", 1)),
        "a plus": (400, good.replace(b"old 7", b"old +7", 1)),
        "two spaces": (400, good.replace(b"old 7", b"old  7", 1)),
        "a capital": (400, good.replace(b"old", b"Old", 1)),
        "carriage returns": (400, good.replace(b"\n", b"\r\n")),
        "a byte of zero": (400, good.replace(b"old 7", b"old 7\0", 1)),
        "not UTF-8": (400, good + b"\xff"),
        "a proof line that is not base64": (400, good.replace(b"=\n", b"*\n", 1)),
        "a proof line too short": (400, b"old 7\nAAAA\n\n" + log.note(20).encode()),
        "64 proof lines": (400, b"old 7\n" + b"A" * 43 + b"=\n" + (b"A" * 43 + b"=\n") * 63 + b"\n" + log.note(20).encode()),
        "no newline at the end": (400, good[:-1]),
        "no proof": (422, request(log, 7, 20, proof=[])),
        "half a proof": (422, request(log, 7, 20, proof=proof[:-1])),
        "a proof the other way round": (422, request(log, 7, 20, proof=proof[::-1])),
        "a proof of something else": (422, request(log, 7, 20, proof=log.consistency(6, 20))),
        "another root": (422, request(log, 7, 20, note=_another_root(log, 20))),
        "the same size with another root": (422, request(log, 7, 7, note=_another_root(log, 7))),
        "the same size with a proof": (422, request(log, 7, 7, proof=[bytes(32)])),
    }  # fmt: skip


def test_every_wrong_request_gets_its_status_and_changes_nothing(ask, log):
    assert ask(request(log, 0, 7))[0] == 200
    before = ask(None, method="GET", path=f"/{checkpoint_path(log.key.name)}")
    wrong = wrong_requests(log)
    got = {name: ask(body)[0] for name, (_, body) in wrong.items()}
    assert got == {name: status for name, (status, _) in wrong.items()}
    assert ask(None, method="GET", path=f"/{checkpoint_path(log.key.name)}") == before
    assert ask(request(log, 7, 20))[0] == 200


def test_a_proof_from_nothing_is_refused(ask, log):
    assert ask(request(log, 0, 7, proof=[log.leaves[0]]))[0] == 422
    assert shown_size(ask, log) is None


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 404), ("GET", "/add-checkpoint", {}, 404), ("GET", "/../lock", {}, 404), ("GET", "/lock", {}, 404),
        ("POST", "/", {}, 404), ("POST", "/add-checkpoint/", {}, 404), ("PUT", "/add-checkpoint", {}, 501),
        ("POST", "/add-checkpoint", {"Content-Length": "-1"}, 411), ("POST", "/add-checkpoint", {"Content-Length": "x"}, 411),
        ("POST", "/add-checkpoint", {"Content-Length": str(MAX_REQUEST_BYTES + 1)}, 413),
        ("POST", "/add-checkpoint", {"Transfer-Encoding": "chunked"}, 411),
    ],
)  # fmt: skip
def test_what_is_no_request_of_the_protocol(ask, method, path, headers, status):
    assert ask(None, method=method, path=path, headers=headers)[0] == status


def test_a_connection_that_breaks_off_does_no_harm(ask, log):
    for piece in (
        b"",
        b"POST",
        b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 500\r\n\r\nold 0\n",
        b"\xff" * 70_000,
    ):
        with socket.create_connection(("127.0.0.1", ask.port), timeout=5) as raw:
            raw.sendall(piece)
    assert ask(request(log, 0, 7))[0] == 200


def test_one_of_many_at_once_gets_the_newer_checkpoint(ask, log):
    """Twenty threads ask from the same old size for different new ones: one is cosigned, the rest hear its size."""
    assert ask(request(log, 0, 7))[0] == 200
    sizes = list(range(10, 30))
    bodies = {size: request(log, 7, size) for size in sizes}
    start, answers = threading.Barrier(len(sizes)), {}

    def one(size):
        start.wait()
        answers[size] = ask(bodies[size])

    threads = [threading.Thread(target=one, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [size for size, (status, _, _) in answers.items() if status == 200]
    assert all(
        answer[:1] + answer[2:] == (409, b"%d\n" % winner)
        for size, answer in answers.items()
        if size != winner
    )
    assert shown_size(ask, log) == winner


def test_a_witness_remembers_and_its_folder_is_its_own(log, key, tmp_path):
    first = Witness(key, tmp_path, [log.key.verifier], lambda: NOW)
    first.add_checkpoint(parse_request(request(log, 0, 7)))
    with pytest.raises(StateError, match="another witness"):
        Witness(key, tmp_path, [log.key.verifier], lambda: NOW)
    first.close()
    again = Witness(key, tmp_path, [log.key.verifier], lambda: NOW)
    assert again.add_checkpoint(parse_request(request(log, 7, 20)))
    again.close()
    path = tmp_path / checkpoint_path(log.key.name)
    path.write_bytes(path.read_bytes().replace(b"\n20\n", b"\n10\n"))
    with pytest.raises(StateError, match="not a checkpoint"):
        Witness(key, tmp_path, [log.key.verifier], lambda: NOW)


def test_a_log_that_changes_its_key_is_followed_with_either(log, key, tmp_path):
    new = Ed25519Signer(log.key.name, bytes(32))
    witness = Witness(key, tmp_path, [log.key.verifier, new.verifier], lambda: NOW)
    witness.add_checkpoint(parse_request(request(log, 0, 7)))
    by_new = sign_note(log.checkpoint(20).text(), new)
    assert witness.add_checkpoint(parse_request(request(log, 7, 20, note=by_new)))
    witness.close()


def test_a_key_is_made_once(tmp_path):
    path = tmp_path / "keys" / "w"
    made = read_or_make_key("w.example", path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_or_make_key("w.example", path).vkey == made.vkey
    path.write_text("too short\n")
    with pytest.raises(StateError):
        read_or_make_key("w.example", path)


@pytest.mark.parametrize("body", [b"", b"7", b" 7\n", b"07\n", b"7\n\n", b"\xff\n", b"-1\n"])
def test_what_is_no_size(body):
    with pytest.raises(WitnessError):
        parse_size(body)


def test_a_request_reads_as_it_was_written(log):
    body = request(log, 7, 20)
    read = parse_request(body)
    assert read.text().encode() == body
    merkle.verify_consistency(7, log.root(7), 20, log.root(20), read.proof)
    with pytest.raises(WitnessError):
        AddCheckpoint(1, (bytes(32),) * 64, log.note(20)).text()
    with pytest.raises(WitnessError):
        parse_cosignatures(b"\xff")


def test_whoever_is_too_slow_is_cut_off(ask, log, monkeypatch):
    monkeypatch.setattr(witness_server, "REQUEST_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", ask.port), timeout=20) as slow:
        slow.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 500\r\n\r\nold")
        assert slow.recv(100) == b"", "the witness has ended it"
    monkeypatch.undo()
    assert ask(request(log, 0, 7))[0] == 200


def test_whoever_comes_when_all_places_are_taken_is_told_to_come_back(ask, log, monkeypatch):
    held = [
        socket.create_connection(("127.0.0.1", ask.port), timeout=20)
        for _ in range(witness_server.MAX_CONNECTIONS)
    ]
    try:
        with socket.create_connection(("127.0.0.1", ask.port), timeout=20) as late:
            assert late.recv(1000).startswith(b"HTTP/1.1 503 ")
    finally:
        for each in held:
            each.close()
    status = 0
    while status != 200:  # places become free as the connections are seen to be closed
        try:
            status = ask(request(log, 0, 7))[0]
        except (http.client.HTTPException, OSError):
            status = 0
    assert shown_size(ask, log) == 7
