"""The charter that the keys process obeys: read once at its start, and pinned.

`realm.json` lies where other processes of the same user may write. A running keys process therefore never reads it
again, and at a start it follows a changed charter only if enough keyholders of the one before have signed it, enough
of its own, and everybody who may veto what it changes. Until they have, nothing is opened under a grant; everything
else goes on.
"""

from reelm.custody.grantproof import CharterRules
from reelm.custody.keystore import Keystore
from reelm.custody.marks import CharterPin
from reelm.realm.service import RealmService
from reelm_audit.charter import stand
from reelm_audit.tlog import canonical, policy
from reelm_audit.tlog.note import Verifier


class UnsignedCharterError(Exception):
    """The charter changed, and too few keyholders of the one before have signed it."""


def rules_of(realm: RealmService) -> CharterRules:
    """Read the charter's rules. Raises ValueError for a policy or a keyholder's key that can't be read."""
    document = realm.document
    keyholders = tuple(member.vkey for member in document.keyholders.members)
    for vkey in keyholders:
        Verifier.from_vkey(vkey)
    return CharterRules(
        digest=realm.charter_digest,
        keyholders=keyholders,
        release=policy.parse(document.witness_policies.release),
        approver_residency=document.staff.approver_residency,
        emergency=document.staff.emergency,
    )


def follow(store: Keystore, realm: RealmService) -> CharterRules:
    """Return the rules to obey. Raises UnsignedCharterError or ValueError; the first charter is taken as it is."""
    rules = rules_of(realm)
    pinned = store.find_charter_pin()
    if pinned is not None and pinned.digest == rules.digest:
        return rules
    if pinned is not None and pinned.keyholders and not _is_signed(pinned, realm, rules):
        raise UnsignedCharterError
    threshold = max(1, realm.document.keyholders.threshold)
    store.pin_charter(CharterPin(rules.digest, list(rules.keyholders), threshold, realm.charter_document))
    return rules


def _is_signed(pinned: CharterPin, realm: RealmService, rules: CharterRules) -> bool:
    signatures = realm.charter_signatures({*pinned.keyholders, *rules.keyholders})
    signers = {signature.keyholder for signature in signatures}
    if not pinned.document:
        return len(signers & set(pinned.keyholders)) >= pinned.threshold
    return stand(canonical.decode(pinned.document), canonical.decode(realm.charter_document), signers).enough
