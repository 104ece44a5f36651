"""`reelm-audit witness serve`: be a witness of logs, in one command."""

import argparse
import signal
import threading
from pathlib import Path

from reelm_audit import clock
from reelm_audit.findings import FINE
from reelm_audit.output import Subparsers, complain, say
from reelm_audit.tlog.note import NoteError, Verifier
from reelm_audit.witness_server import WitnessServer
from reelm_audit.witnessing import StateError, Witness, read_or_make_key


def register(commands: Subparsers) -> None:
    """Add `witness serve`."""
    parser = commands.add_parser("witness", help="be a witness of logs")
    kinds = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = kinds.add_parser("serve", help="cosign the checkpoints of logs, over HTTP (C2SP tlog-witness)")
    serve.add_argument("--name", required=True, help="this witness's name, for example witness.example/w1")
    serve.add_argument("--key", required=True, type=Path, help="file of its secret key; made if missing")
    serve.add_argument("--state", required=True, type=Path, help="folder of what it has cosigned")
    serve.add_argument(
        "--log", required=True, nargs="+", action="extend", metavar="VKEY", help="the logs' verifier keys"
    )
    serve.add_argument("--listen", default="127.0.0.1:8090", metavar="HOST:PORT", type=_address)
    serve.set_defaults(run=_serve)
    show = kinds.add_parser("key", help="print the witness's verifier key; the secret key is made if missing")
    show.add_argument("--name", required=True)
    show.add_argument("--key", required=True, type=Path)
    show.set_defaults(run=_key)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not port.isascii() or int(port) > 65_535:
        raise argparse.ArgumentTypeError("say HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def _key(chosen: argparse.Namespace) -> int:
    try:
        say(read_or_make_key(chosen.name, chosen.key).vkey)
    except (StateError, NoteError, OSError) as error:
        return complain(error)
    return FINE


def _serve(chosen: argparse.Namespace) -> int:
    try:
        key = read_or_make_key(chosen.name, chosen.key)
        logs = [Verifier.from_vkey(vkey) for vkey in chosen.log]
        server = WitnessServer(chosen.listen, Witness(key, chosen.state, logs, clock.now))
    except (StateError, NoteError, OSError) as error:
        return complain(error)
    host, port = server.server_address[:2]
    say(key.vkey)
    say(f"listening on http://{host!s}:{port}/")
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for serve_forever(), which the handler has interrupted: another thread must ask for it.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()
    server.witness.close()
    return FINE
