"""What becomes of proposals: they are read, signed, held against what speaks against them, and adopted.

All of it on files beside the data, for the API as for whoever commands the machine.
"""

import base64
from collections.abc import Iterable
from typing import Any

import msgspec

from reelm.kit.clock import Clock
from reelm.kit.errors import NotFoundError
from reelm.realm import charter, proposals, sites, succession
from reelm.realm.changes import changes
from reelm.realm.charter import CharterSignature
from reelm.realm.checks import check
from reelm.realm.errors import (
    CharterNotAdoptableError,
    CharterSignatureError,
    CharterUnusableError,
    TooManyProposalsError,
)
from reelm.realm.schemas import RealmDocument
from reelm.realm.schemas_charter import ProposalView
from reelm.settings import Settings
from reelm_audit.entries import charter_to_sign

_MOST_PROPOSALS = 20


class Deliberation:
    """The proposals to follow the charter in force."""

    def __init__(self, in_force: RealmDocument, settings: Settings, clock: Clock) -> None:
        self._old = in_force
        self._settings = settings
        self._clock = clock

    def list_open(self) -> list[ProposalView]:
        """Return what could follow the version in force, newest first."""
        return [self._view(each) for each in self._open()]

    def propose(self, said: dict[str, Any]) -> ProposalView:
        """Keep a whole charter as the next version. Raises `CharterUnusableError` and `TooManyProposalsError`."""
        new = next_version(said, self._old)
        if len(self._open()) >= _MOST_PROPOSALS:
            raise TooManyProposalsError
        proposals.store(self._settings.data, new)
        return self._view(new)

    def view(self, digest: str) -> ProposalView:
        """Return one proposal. Raises `NotFoundError`."""
        return self._view(self._get(digest))

    def sign(self, given: CharterSignature) -> ProposalView:
        """Add a keyholder's signature. Raises `NotFoundError` and `CharterSignatureError`."""
        new = self._get(given.charter)
        if given.keyholder not in names_of(new, self._old) or not charter.verified(new, given):
            raise CharterSignatureError
        proposals.add(self._settings.data, given.charter, given)
        return self._view(new)

    def forget(self, digest: str) -> None:
        """Take a proposal back. Raises `NotFoundError`."""
        self._get(digest)
        proposals.forget(self._settings.data, digest)

    def adopt(self, digest: str) -> None:
        """Let a proposal take effect when everything has stopped. Raises `CharterNotAdoptableError`."""
        view = self.view(digest)
        if not view.adoptable:
            waits = [f"{name} has not signed." for name in dict.fromkeys([*view.missing, *view.vetoes])]
            raise CharterNotAdoptableError(" ".join([*view.refusals, *waits]))
        succession.mark(self._settings.data, digest)

    def _open(self) -> list[RealmDocument]:
        data, following = self._settings.data, self._old.version + 1
        found = (proposals.find(data, digest) for digest in proposals.list_all(data))
        return [each for each in found if each is not None and each.version == following]

    def _get(self, digest: str) -> RealmDocument:
        found = proposals.find(self._settings.data, digest)
        if found is None:
            raise NotFoundError
        return found

    def _view(self, new: RealmDocument) -> ProposalView:
        old, signed = self._old, proposals.signatures(self._settings.data, new)
        names, standing = names_of(new, old), proposals.standing_of(old, new, signed)
        lacking = [
            *(old.keyholders.members if standing.old_lacks else []),
            *(new.keyholders.members if standing.new_lacks else []),
        ]
        refusals = [*self._against(new), *sites.check(new, self._settings)]
        document = charter.document_of(new)
        return ProposalView(
            digest=charter.digest_of(new),
            version=new.version,
            document=msgspec.json.decode(document),
            to_sign=base64.b64encode(charter_to_sign(document)).decode(),
            changes=changes(old, new),
            signed=[name for vkey, name in names.items() if vkey in standing.signed],
            missing=_unique(each.name for each in lacking if each.vkey not in standing.signed),
            vetoes=_unique(names[vkey] for vkey in names if vkey in standing.vetoes),
            refusals=refusals,
            adoptable=standing.enough and not refusals,
            old_lacks=standing.old_lacks,
            new_lacks=standing.new_lacks,
        )

    def _against(self, new: RealmDocument) -> list[str]:
        found = [refusal.sentence for refusal in check(new)]
        now = self._old.version
        if new.version != now + 1:
            found.append(
                f"It was made to be version {new.version}, and version {now} is in force: propose it anew."
            )
        if new.valid_from > self._clock.now().date().isoformat():
            found.append(f"It says that it is valid from {new.valid_from}.")
        return found


def read_document(said: dict[str, Any]) -> RealmDocument:
    """Return what was said as a charter's document. Raises `CharterUnusableError` with its reasons."""
    try:
        read = msgspec.convert(said, RealmDocument)
    except msgspec.ValidationError as error:
        raise CharterUnusableError(f"{error}.", fields={"document": "charter.malformed"}) from error
    unknown = list(_unknown(said, msgspec.to_builtins(read), ""))
    if unknown:
        names = ", ".join(unknown)
        raise CharterUnusableError(f"A charter has no {names}.", fields={"document": "charter.field_unknown"})
    return read


def next_version(said: dict[str, Any], following: RealmDocument) -> RealmDocument:
    """Return what was said as the version that follows. Raises `CharterUnusableError` with its reasons."""
    new = msgspec.structs.replace(read_document(said), version=following.version + 1)
    refusals = check(new)
    if refusals:
        raise CharterUnusableError(
            " ".join(refusal.sentence for refusal in refusals),
            fields={refusal.code: refusal.sentence for refusal in refusals},
        )
    if not changes(following, new):
        raise CharterUnusableError("It changes nothing.", fields={"document": "charter.changes_nothing"})
    return new


def _unknown(said: Any, read: Any, path: str) -> Iterable[str]:
    """Name what was said and not read: a misspelt field would otherwise be silently left out of what is signed."""
    if isinstance(said, dict) and isinstance(read, dict):
        for name, value in said.items():
            if name not in read:
                yield f"{path}{name}"
            else:
                yield from _unknown(value, read[name], f"{path}{name}.")
    elif isinstance(said, list) and isinstance(read, list):
        for one, other in zip(said, read, strict=True):
            yield from _unknown(one, other, path)


def names_of(new: RealmDocument, old: RealmDocument | None) -> dict[str, str]:
    """Return the names of keyholders by their keys, the newer version's where they differ."""
    members = [*(old.keyholders.members if old else []), *new.keyholders.members]
    return {member.vkey: member.name for member in members}


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
