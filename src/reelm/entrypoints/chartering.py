"""What `reelm charter …` does: on files beside the data, whether the realm runs or not.

Signing needs neither: a keyholder's machine has the document, the key, and nothing else of the realm.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from reelm.entrypoints.charter import policy, take_effect
from reelm.entrypoints.folder import StartError
from reelm.kit.clock import SystemClock
from reelm.kit.errors import NotFoundError, ReelmError
from reelm.realm import charter, proposals, succession
from reelm.realm.changes import Change, changes
from reelm.realm.charter import CharterSignature, KeyholderKeyError
from reelm.realm.checks import check
from reelm.realm.deliberation import Deliberation, read_document
from reelm.realm.schemas import Jurisdiction, Operator, Owner, RealmDocument, Site
from reelm.realm.schemas_charter import Adoption, ProposalView
from reelm.realm.service import RealmService
from reelm.settings import Settings, from_environment
from reelm_audit.tlog.note import Ed25519Signer


class Overview(msgspec.Struct, frozen=True):
    """The charter in force and what could follow it."""

    name: str
    version: int
    digest: str
    threshold: int
    keyholders: list[str]
    signed: list[str]
    proposals: list[ProposalView]


class Paper(msgspec.Struct, frozen=True):
    """What a keyholder is about to sign. `offline`: of a document in a file, which goes back as a signature alone."""

    document: RealmDocument
    signer: Ed25519Signer
    keyholder: str
    text: str
    offline: bool


def init(data: Path, file: Path | None, said: dict[str, Any]) -> dict[str, Any]:
    """Write a new realm's first charter. Raises StartError where there is one, or this can't be one."""
    if (data / "charter").exists():
        raise StartError(
            f"The realm in {data} has its charter.", "Change it with: reelm charter propose FILE"
        )
    known = RealmService.load(from_environment(data)).document
    if known.keyholders.members:
        raise StartError(
            f"The realm in {data} has its charter.", "Change it with: reelm charter propose FILE"
        )
    given = _read(file) if file is not None else known
    with _refusals():
        first = _with(given, said)
        founded = succession.found_first(data, first, _border_vkey(data, first), policy())
    refusals = check(founded)
    if refusals:
        raise StartError(" ".join(refusal.sentence for refusal in refusals), "Nothing was written.")
    charter.write_document(data, founded)
    succession.prepare(data)
    return {"name": founded.name, "digest": charter.digest_of(founded), "version": founded.version}


def propose(data: Path, file: Path) -> ProposalView:
    """Keep the charter in `file` as a proposal for the next version. Raises StartError."""
    with _refusals():
        return _deliberation(data).propose(msgspec.json.decode(file.read_bytes(), type=dict[str, Any]))


def view(data: Path, digest: str) -> ProposalView:
    """Return a proposal. Raises StartError."""
    with _refusals():
        return _deliberation(data).view(_whole(data, digest))


def paper(data: Path, what: str, key: Path | None) -> Paper:
    """Return what is to be signed, by whom, and what it says. Raises StartError."""
    with _refusals():
        if Path(what).is_file():
            new = _read(Path(what))
            old: RealmDocument | None = None
        else:
            found = proposals.find(data, _whole(data, what))
            if found is None:
                raise NotFoundError
            new, old = found, succession.in_force(data)
        path = key or data / charter.FOLDER / charter.KEY_FILE
        signer = _signer(path, new, old)
        names = {each.vkey: each.name for each in _members(new, old)}
    said = [f"{new.name}, version {new.version}: {charter.digest_of(new)}"]
    said += [change.sentence for change in changes(old, new)] if old else [_as_it_is(new)]
    return Paper(new, signer, names.get(signer.vkey, signer.verifier.name), "\n".join(said), old is None)


def sign(signed: Paper) -> CharterSignature:
    """Sign."""
    return charter.signed_by(signed.signer, signed.document)


def add(data: Path, signature: CharterSignature) -> ProposalView:
    """Keep a signature with its proposal. Raises StartError."""
    with _refusals():
        return _deliberation(data).sign(signature)


def bring(data: Path, digest: str, file: Path) -> ProposalView:
    """Bring in a signature that was made elsewhere. Raises StartError."""
    with _refusals():
        signature = msgspec.json.decode(file.read_bytes(), type=CharterSignature)
        if signature.charter != _whole(data, digest):
            raise StartError("This signature is over another version.", f"It is over {signature.charter}.")
        return _deliberation(data).sign(signature)


def adopt(data: Path, digest: str) -> Adoption:
    """Let a proposal take effect. Raises StartError."""
    with _refusals():
        whole = _whole(data, digest)
        _deliberation(data).adopt(whole)
        return Adoption(whole, take_effect(_settings(data)))


def document(data: Path, digest: str) -> Any:
    """Return a document, as it is signed. Raises StartError."""
    with _refusals():
        found = proposals.find(data, _whole(data, digest)) if digest else _in_force(data)
    if found is None:
        raise StartError("There is no such proposal.", "reelm charter show lists them.")
    return charter.document_of(found)


def overview(data: Path) -> Overview:
    """Return the charter in force and what could follow it. Raises StartError."""
    now = _in_force(data)
    names = {member.vkey: member.name for member in now.keyholders.members}
    signed = charter.signatures_of(data, now)
    return Overview(
        now.name,
        now.version,
        charter.digest_of(now),
        now.keyholders.threshold,
        list(names.values()),
        [names[each.keyholder] for each in signed],
        _deliberation(data).list_open(),
    )


def diff(data: Path, what: str, against: Path | None) -> list[Change]:
    """Return what a version changes. Raises StartError."""
    with _refusals():
        old = _read(against) if against else _in_force(data)
        if Path(what).is_file():
            return changes(old, _read(Path(what)))
        found = proposals.find(data, _whole(data, what))
        if found is None:
            raise NotFoundError
        return changes(old, found)


def schema() -> bytes:
    """Return the JSON Schema of a charter's document, as published in `spec/charter`."""
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(RealmDocument)}
    return msgspec.json.format(msgspec.json.encode(made, order="sorted"), indent=2) + b"\n"


# --- what was said on the command line ----------------------------------------------------------------------


def _with(given: RealmDocument, said: dict[str, Any]) -> RealmDocument:
    plain = {name: said[name] for name in ("name", "realm", "network", "web", "border", "ids") if said[name]}
    operator = Operator(said["operator"] or given.operator.name, said["country"] or given.operator.country)
    changed: dict[str, Any] = {
        **plain,
        "operator": msgspec.structs.replace(given.operator, **_fields(operator)),
    }
    if said["owners"]:
        changed["owners"] = [Owner(*_parts(each, 3)) for each in said["owners"]]
    elif said["operator"]:
        changed["owners"] = [Owner(said["operator"], said["country"])]
    if said["lives"]:
        changed["jurisdictions"] = [_lives(each) for each in said["lives"]]
    if said["sites"]:
        changed["storage"] = [_site(each) for each in said["sites"]]
    return msgspec.structs.replace(given, **changed)


def _fields(operator: Operator) -> dict[str, str]:
    return {"name": operator.name, "country": operator.country}


def _lives(text: str) -> Jurisdiction:
    country, stored = _parts(text, 2)
    return Jurisdiction(country, [each for each in stored.split(",") if each])


def _site(text: str) -> Site:
    name, country, purposes = _parts(text, 3)
    said = [each for each in purposes.split(",") if each]
    return msgspec.convert({"site": name, "country": country, "purposes": said}, Site)


def _parts(text: str, most: int) -> list[str]:
    return [*text.split(":", most - 1), *[""] * most][:most]


# --- files --------------------------------------------------------------------------------------------------


def _read(file: Path) -> RealmDocument:
    with _refusals():
        said = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        return read_document(said)


def _signer(path: Path, new: RealmDocument, old: RealmDocument | None) -> Ed25519Signer:
    """Return the key as the new version names it, or else the old one: whoever leaves signs, too."""
    try:
        return charter.key_of_member(path, new)
    except KeyholderKeyError:
        if old is None:
            raise
        return charter.key_of_member(path, old)


def _members(new: RealmDocument, old: RealmDocument | None) -> list[Any]:
    return [*(old.keyholders.members if old else []), *new.keyholders.members]


def _as_it_is(new: RealmDocument) -> str:
    return msgspec.json.format(charter.document_of(new), indent=2).decode()


def _in_force(data: Path) -> RealmDocument:
    try:
        return succession.in_force(data)
    except FileNotFoundError:
        raise StartError(
            f"There is no realm in {data}.", "reelm charter init --data DIR begins one."
        ) from None


def _settings(data: Path) -> Settings:
    return from_environment(data)


def _deliberation(data: Path) -> Deliberation:
    return Deliberation(_in_force(data), _settings(data), SystemClock())


def _whole(data: Path, beginning: str) -> str:
    """Return the digest that begins so, if one does."""
    found = [digest for digest in proposals.list_all(data) if digest.startswith(beginning)]
    return found[0] if len(found) == 1 and beginning else beginning


def _border_vkey(data: Path, realm: RealmDocument) -> str:
    if not realm.network:
        return ""
    from reelm.border.key import read_or_make

    return read_or_make(data, realm.realm).vkey


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what was foreseen into a sentence."""
    try:
        yield
    except NotFoundError:
        raise StartError("There is no such proposal.", "reelm charter show lists them.") from None
    except ReelmError as error:
        raise StartError(error.detail) from error
    except KeyholderKeyError as error:
        raise StartError(str(error), "Name the keyholder's key with --key.") from error
    except (OSError, msgspec.MsgspecError) as error:
        raise StartError(f"This can't be read: {error}.") from error
