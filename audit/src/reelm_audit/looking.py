"""One look at a realm: what it publishes is fetched, verified against the last look, and kept.

1. The checkpoint: signed by the log's key, which is the one of the first look or a successor the ledger announces.
2. Consistent with the checkpoint of the last look, proved from the realm's own tiles.
3. Entries up to it, each bundle against its tile, so that what is kept is verified and a broken look goes on later.
4. The documents that entries commit to.
What all this proves is then judged by `checking`, which `verify` uses as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reelm_audit.bundle import About
from reelm_audit.client import MissingError, RealmClient
from reelm_audit.findings import Finding
from reelm_audit.mirror import Mirror
from reelm_audit.output import CouldNotCheckError
from reelm_audit.rules.catalogue import found
from reelm_audit.tlog import canonical
from reelm_audit.tlog.checkpoint import Checkpoint
from reelm_audit.tlog.checkpoint import parse as parse_checkpoint
from reelm_audit.tlog.merkle import Frontier, ProofError, consistency_proof, leaf_hashes, verify_consistency
from reelm_audit.tlog.note import NoteError, Verifier, parse_note
from reelm_audit.tlog.tiles import WIDTH, Tile, TileError, TileHashReader, decode_bundle, new_bundles
from reelm_audit.vouching import Vouched, signed

# Which fields of which entries name a public document by its digest.
_NAMED = {
    "charter.adopted": ("charter",),
    "release.deployed": ("data_map",),
    "ranking.changed": ("model", "policy", "card", "rule"),
}
ADVANCE_EVERY = 64  # bundles, after which an interrupted download does not begin again


class BrokenError(Exception):
    """A look that can't go on, since what it found contradicts what the realm has signed."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.detail)
        self.finding = finding


@dataclass
class Look:
    """What a look has brought; `checkpoint` is None where it could not be believed."""

    findings: list[Finding] = field(default_factory=list)
    vouched: Vouched | None = None


def look(client: RealmClient, mirror: Mirror, vkey: str | None = None) -> Look:
    """Look once. `vkey` is the log's key if the auditor knows it already; else the first look believes the realm."""
    announced = _verifier(client.state().get("vkey"))
    if mirror.is_new:
        mirror.begin(About(client.url, vkey or announced.vkey))
    pinned = Verifier.from_vkey(mirror.about.vkey)
    if vkey is not None and pinned.vkey != vkey:
        raise CouldNotCheckError("this copy is of a log with another key")
    result = Look()
    try:
        _look(client, mirror, [pinned, announced] if announced != pinned else [pinned], result)
    except BrokenError as error:
        result.findings.append(error.finding)
    return result


def _look(client: RealmClient, mirror: Mirror, keys: Sequence[Verifier], result: Look) -> None:
    note = client.checkpoint()
    try:
        vouched = signed(note, keys)
    except NoteError as error:
        mirror.keep_evidence("unsigned.checkpoint", note)
        raise BrokenError(found("log.signature-missing", f"{error}.")) from error
    tiles = _Tiles(client, vouched.checkpoint)
    _compare(mirror, vouched, note, tiles, result)
    if vouched.key == keys[0]:
        mirror.keep_checkpoint(note)
        frontier = _download(client, mirror, vouched.checkpoint, tiles, result)
    else:  # nothing counts before the ledger is seen to announce this key
        frontier = _download(client, mirror, vouched.checkpoint, tiles, result, advance_every=None)
        mirror.change_key(_announced_key(mirror, vouched))
        mirror.keep_checkpoint(note)
    mirror.advance(frontier)
    for digest in _documents(mirror, vouched.checkpoint.size):
        document = client.document(digest)
        if document is not None and mirror.bundle().document(digest) is None:
            mirror.keep_document(digest, document)
    result.vouched = vouched


class _Tiles:
    """The realm's tiles under one checkpoint. What can't be verified is told once."""

    def __init__(self, client: RealmClient, checkpoint: Checkpoint) -> None:
        self._client = client
        self.read = TileHashReader(checkpoint.size, checkpoint.root, self._fetch)
        self.problem: str | None = None

    def _fetch(self, tile: Tile) -> bytes:
        try:
            return self._client.tile(tile)
        except MissingError as error:
            raise TileError(f"{tile.path} is not there") from error


def _compare(mirror: Mirror, vouched: Vouched, note: bytes, tiles: _Tiles, result: Look) -> None:
    """Hold the new checkpoint against the last one; raises `BrokenError` if both can't be true."""
    last_note = mirror.last_checkpoint()
    if last_note is None:
        return
    last, new = parse_checkpoint(parse_note(last_note).text), vouched.checkpoint
    name = f"{new.size}-{new.root.hex()[:16]}.checkpoint"
    if new.size < last.size:
        mirror.keep_evidence(name, note)
        raise BrokenError(found("log.shrunk", f"It had {last.size} entries, and now has {new.size}."))
    if new.size == last.size:
        if new.root != last.root:
            mirror.keep_evidence(name, note)
            raise BrokenError(found("log.forked", f"Two different roots are signed for {new.size} entries."))
        return
    try:
        proof = consistency_proof(last.size, new.size, tiles.read)
        verify_consistency(last.size, last.root, new.size, new.root, proof)
    except TileError as error:  # the entries themselves will tell
        tiles.problem = str(error)
        result.findings.append(found("log.tile-differs", f"{error}."))
        _compare_by_entries(mirror, last, new, tiles)
    except ProofError as error:
        mirror.keep_evidence(name, note)
        detail = f"The {last.size} entries seen earlier are not the beginning of the {new.size} signed now."
        raise BrokenError(found("log.rewritten", detail)) from error


def _compare_by_entries(mirror: Mirror, last: Checkpoint, new: Checkpoint, tiles: _Tiles) -> None:
    """Without tiles only a whole copy of the last look can be extended; the root over it must then be the new one."""
    if mirror.about.size != last.size or mirror.about.frontier().root() != last.root:
        raise CouldNotCheckError(f"neither tiles nor the copy connect {last.size} and {new.size} entries")


def _download(
    client: RealmClient,
    mirror: Mirror,
    checkpoint: Checkpoint,
    tiles: _Tiles,
    result: Look,
    *,
    advance_every: int | None = ADVANCE_EVERY,
) -> Frontier:
    """Fetch what is missing up to the checkpoint; return the whole tree, for `Mirror.advance`."""
    frontier = mirror.about.frontier()
    if frontier.size > checkpoint.size:
        raise CouldNotCheckError("the copy holds more entries than the checkpoint it was made for")
    pending = 0
    for tile, entries in _bundles(client, frontier.size, checkpoint.size):
        hashes = leaf_hashes(entries)
        _check_tile(tile, hashes, tiles, result)
        mirror.add(tile.index * WIDTH, entries)
        frontier.extend(hashes[frontier.size - tile.index * WIDTH :])
        pending += 1
        if advance_every is not None and pending >= advance_every and tiles.problem is None:
            mirror.advance(frontier)
            pending = 0
    if frontier.root() != checkpoint.root:
        detail = f"Hashing the {checkpoint.size} entries gives another root than the signed one."
        raise BrokenError(found("log.root-differs", detail))
    return frontier


def _check_tile(tile: Tile, hashes: list[bytes], tiles: _Tiles, result: Look) -> None:
    """Hold a bundle against its tile, which is verified up to the signed root."""
    if tiles.problem is not None:
        return
    try:
        theirs = tiles.read.tile(0, tile.index)
    except TileError as error:
        tiles.problem = str(error)
        result.findings.append(found("log.tile-differs", f"{error}."))
        return
    for position, (mine, signed_hash) in enumerate(zip(hashes, theirs, strict=True)):
        if mine != signed_hash:
            index = tile.index * WIDTH + position
            raise BrokenError(
                found("log.root-differs", f"Entry {index} is not the one that was signed.", index)
            )


def _bundles(client: RealmClient, start: int, size: int) -> Iterator[tuple[Tile, list[bytes]]]:
    for tile in new_bundles(start, size):
        try:
            entries = decode_bundle(client.tile(tile))
        except MissingError as error:
            raise BrokenError(found("log.entries-missing", f"{tile.path} is not there.")) from error
        except TileError as error:
            raise BrokenError(found("log.entries-missing", f"{tile.path}: {error}.")) from error
        if len(entries) < tile.width:
            raise BrokenError(found("log.entries-missing", f"{tile.path} holds {len(entries)} entries only."))
        yield tile, entries[: tile.width]


def _announced_key(mirror: Mirror, vouched: Vouched) -> str:
    """Follow the ledger's own changes of its key, from the one known; raise `BrokenError` if they lead elsewhere."""
    current = mirror.about.vkey
    for entry in _decoded(mirror, vouched.checkpoint.size, b'"key.rotated"'):
        if entry.get("old") == current:
            current = str(entry.get("new"))
    if current != vouched.key.vkey:
        detail = "It is signed with a key that the ledger has not announced."
        raise BrokenError(found("log.signature-missing", detail))
    return current


def _documents(mirror: Mirror, size: int) -> Iterator[str]:
    """Yield the digests of public documents that entries commit to."""
    for entry in _decoded(mirror, size, *(f'"{kind}"'.encode() for kind in _NAMED)):
        for name in _NAMED.get(str(entry.get("kind")), ()):
            digest = entry.get(name)
            if isinstance(digest, str):
                yield digest


def _decoded(mirror: Mirror, size: int, *kinds: bytes) -> Iterator[dict[str, object]]:
    """Yield the entries that hold one of these texts and can be read; the rules report those that can't."""
    for _, data in mirror.bundle().entries(size):
        if any(kind in data for kind in kinds):
            try:
                entry = canonical.decode(data)
            except canonical.CanonicalError:
                continue
            if isinstance(entry, dict):
                yield entry


def _verifier(vkey: object) -> Verifier:
    try:
        return Verifier.from_vkey(vkey if isinstance(vkey, str) else "")
    except NoteError as error:
        raise CouldNotCheckError("the realm does not say what key its ledger is signed with") from error
