"""Which charter is in force, and how the next one takes its place: between a stop of everything and a start.

`realm.json` is the charter in force, and `charter/in-force.json` the same as it was when it took effect. While the
realm runs neither changes: an adoption leaves its digest in `charter/adopting`, and `prepare`, which runs before any
process that reads the charter, carries it out. So all processes obey one charter, after a crash at any moment, too:

1. the signatures are kept beside the charter; 2. the old document is kept in `charter/past`; 3. `realm.json`;
4. `charter/in-force.json`; 5. `charter/adopting` goes.

Whoever edits `realm.json` by hand proposes by it. Where the keys beside the data are enough, it is adopted at once;
otherwise the charter in force is put back, and the edit waits as a proposal for its signatures.
"""

from pathlib import Path
from typing import Any

import msgspec

from reelm.realm import charter, proposals
from reelm.realm.checks import check
from reelm.realm.schemas import Keyholder, Keyholders, RealmDocument, Site

_FOLDER, _IN_FORCE, _PAST, _ADOPTING = "charter", "in-force.json", "past", "adopting"


class UnusableCharterError(ValueError):
    """`realm.json` was changed by hand into what can't be a charter; the sentences say why."""


class Outcome(msgspec.Struct, frozen=True):
    """What `prepare` found: the digest of a version that took effect now, or of one that waits for signatures."""

    adopted: str = ""
    waits: str = ""


def prepare(data: Path, *, border_vkey: str = "", borders: str = "") -> Outcome:
    """See to it that `realm.json` is the charter in force, signed where the key is at hand. Before processes start.

    A realm without a keyholder gets its first one, and keys for its sites; one in a network `border_vkey` and the
    policies `borders`. Safe to repeat. `realm.json` must exist. Raises `UnusableCharterError`.
    """
    carried_out = _carry_out(data)
    found = _read(data / "realm.json")
    path = data / _FOLDER / _IN_FORCE
    if not path.exists():
        first = found if found.keyholders.members else found_first(data, found, border_vkey, borders)
        if first != found:
            charter.write_document(data, first)
        _keep_in_force(data, first)
        _sign(data, first)
        return Outcome(adopted=charter.digest_of(first))
    in_force = _read(path)
    if charter.digest_of(found) == charter.digest_of(in_force):
        _sign(data, in_force)
        return Outcome(adopted=carried_out)
    return _take_edit(data, in_force, found)


def in_force(data: Path) -> RealmDocument:
    """Return the charter in force. Raises FileNotFoundError before the first start."""
    return _read(data / "realm.json")


def past(data: Path, digest: str) -> RealmDocument | None:
    """Return an earlier charter, as far as it was adopted here."""
    path = data / _FOLDER / _PAST / f"{digest}.json"
    return _read(path) if path.exists() else None


def mark(data: Path, digest: str) -> None:
    """Let a proposal take effect when everything has stopped; whether it may was checked before, and is again."""
    charter.write_whole(data / _FOLDER / _ADOPTING, digest.encode())


def found_first(data: Path, realm: RealmDocument, border_vkey: str, borders: str) -> RealmDocument:
    """Return a realm's first charter: its operator as the one keyholder, who also answers for its sites."""
    key = charter.read_or_make_key(data / charter.FOLDER / charter.KEY_FILE, charter.FIRST_KEYHOLDER)
    first = Keyholder(name=realm.operator.name, role="operator", vkey=key.vkey)
    said: dict[str, Any] = {"keyholders": Keyholders(threshold=1, members=[first])}
    if realm.network:
        said |= {"border_vkey": realm.border_vkey or border_vkey, "borders": realm.borders or borders}
    return msgspec.structs.replace(
        realm, storage=[_answered_for(data, site) for site in realm.storage], **said
    )


def site_key_path(data: Path, site: str) -> Path:
    """Where the key of a site's signer lies, unless it was moved elsewhere."""
    return data / charter.FOLDER / f"site-{charter.slug(site)}"


def _answered_for(data: Path, site: Site) -> Site:
    if site.signer:
        return site
    key = charter.read_or_make_key(site_key_path(data, site.site), f"site-{charter.slug(site.site)}")
    return msgspec.structs.replace(site, signer=key.vkey)


def _take_edit(data: Path, old: RealmDocument, edited: RealmDocument) -> Outcome:
    new = msgspec.structs.replace(edited, version=old.version + 1)
    refusals = check(new)
    if refusals:
        raise UnusableCharterError(" ".join(refusal.sentence for refusal in refusals))
    digest = proposals.store(data, new)
    signature = charter.sign(data, new)
    if signature is not None:
        proposals.add(data, digest, signature)
    if not proposals.standing(data, old, new).enough:
        charter.write_document(data, old)
        _sign(data, old)
        return Outcome(waits=digest)
    charter.write_document(data, old)
    mark(data, digest)
    return Outcome(adopted=_carry_out(data))


def _carry_out(data: Path) -> str:
    """Carry out an adoption that was marked; return its digest, empty where there is none to be carried out."""
    marker = data / _FOLDER / _ADOPTING
    if not marker.exists():
        return ""
    digest = marker.read_text()
    new, old = proposals.find(data, digest), _read(data / "realm.json")
    done = charter.digest_of(old) == digest
    if new is None or not (done or _follows(data, old, new)):
        marker.unlink()
        return ""
    if not done:
        charter.add_signatures(data, proposals.signatures(data, new))
        folder = data / _FOLDER / _PAST
        folder.mkdir(exist_ok=True)
        charter.write_whole(folder / f"{charter.digest_of(old)}.json", charter.document_of(old))
        charter.write_document(data, new)
    _keep_in_force(data, new)
    marker.unlink()
    return digest


def _follows(data: Path, old: RealmDocument, new: RealmDocument) -> bool:
    return new.version == old.version + 1 and proposals.standing(data, old, new).enough


def _sign(data: Path, realm: RealmDocument) -> None:
    known = {signature.keyholder for signature in charter.signatures_of(data, realm)}
    signature = charter.sign(data, realm)
    if signature is not None and signature.keyholder not in known:
        charter.add_signatures(data, [signature])


def _keep_in_force(data: Path, realm: RealmDocument) -> None:
    (data / _FOLDER).mkdir(mode=0o700, exist_ok=True)
    charter.write_whole(data / _FOLDER / _IN_FORCE, charter.document_of(realm))


def _read(path: Path) -> RealmDocument:
    return msgspec.json.decode(path.read_bytes(), type=RealmDocument)
