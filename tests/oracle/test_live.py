"""The Go project's own implementation judges a ledger that our sequencer keeps and two outside witnesses cosign."""

from pathlib import Path

import pytest
from tests.conftest import eventually
from tests.factories.ledger import ORIGIN, OwnLedger
from tests.oracle import program
from tests.oracle.ours import Case, refusal, text
from tests.world.test_witnesses import RealWitness, both, kept, witnesses

from reelm_audit.tlog import checkpoint
from reelm_audit.tlog.merkle import leaf_hash
from reelm_audit.tlog.note import Verifier

pytestmark = pytest.mark.full
__all__ = ["witnesses"]

SIZE = 600


def cases_of(own: OwnLedger, keys: list[str], bodies: list[bytes], proofs: dict[int, str]) -> list[Case]:
    """What the ledger has published, as the oracle is asked about it."""
    note = (own.published / "checkpoint").read_bytes()
    said = checkpoint.open_checkpoint(note, Verifier.from_vkey(keys[0])).checkpoint
    assert said.size == len(bodies)
    tree = {"size": said.size, "root": text(said.root)}
    files = {
        str(path.relative_to(own.published)): path.read_bytes()
        for level in ("0", "1")
        for path in (own.published / "tile" / level).rglob("*")
        if path.is_file()
    }
    tiles = {path: text(data) for path, data in files.items()}
    made: list[Case] = [
        {
            "name": "checkpoint",
            "check": "checkpoint",
            "note": text(note),
            "keys": keys,
            "origin": ORIGIN,
            **tree,
        }
    ]
    for index in (0, 255, 256, 511, said.size - 1):
        leaf = text(leaf_hash(bodies[index]))
        made.append(
            {"name": f"tiles {index}", "check": "tiles", "files": tiles, **tree, "index": index, "leaf": leaf}
        )
    for first in range(0, said.size, 256):
        count = min(256, said.size - first)
        path = f"tile/entries/{first // 256:03d}" + (f".p/{count}" if count < 256 else "")
        bundle = text((own.published / path).read_bytes())
        entry = text(bodies[first + 1])
        made.append(
            {"name": path, "check": "bundle", "text": bundle, "size": count, "index": 1, "entry": entry}
        )
    for index, shown in proofs.items():
        at = {"name": f"proof {index}", "check": "proof", "keys": keys, "origin": ORIGIN}
        made.append({**at, "text": text(shown.encode()), "entry": text(bodies[index])})
    return made


async def test_go_accepts_what_our_sequencer_and_witnesses_publish(
    ledger: OwnLedger, witnesses: list[RealWitness], tmp_path: Path
) -> None:
    assert program.is_available(), "`make oracle` installs Go and its library"
    service = ledger.service()
    async with kept(ledger, both(witnesses)):
        for first in range(0, SIZE, 100):
            refs = await ledger.append(range(first, first + 100))
            await service.included(refs[-1])

        async def published() -> bool:
            note = (ledger.published / "checkpoint").read_text()
            return note.split("\n")[1] == str(SIZE) and note.count("\n— ") == 3

        await eventually(published)
        proofs = {index: await service.proof(index) for index in (0, 255, 256, 511, SIZE - 1)}
        bodies = await ledger.bodies()
    keys = [ledger.key.verifier.vkey, *[each.vkey for each in witnesses]]
    made = cases_of(ledger, keys, bodies, proofs)
    assert not [(case["name"], why) for case in made if (why := refusal(case))]
    judged = zip(made, program.refusals(program.build(tmp_path), made), strict=True)
    assert not [(case["name"], why) for case, why in judged if why]
