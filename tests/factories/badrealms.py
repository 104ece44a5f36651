"""Bad realms: ledgers that are well kept but for exactly one thing, which the auditor's tool must find and name.

`IN_ENTRIES` are violations that stand in the ledger, in its own entries. `IN_THE_LOG` are violations of the log
itself, found in a copy alone. (What takes two looks to find, a fork for example, is in `tests/unit/audit`.)
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.factories.ledgers import ORIGIN, Script

from reelm_audit.rules.context import Context
from reelm_audit.rules.minutes import HOUR, text_of
from reelm_audit.tlog.cosignature import CosignatureSigner
from reelm_audit.tlog.note import Ed25519Signer
from reelm_audit.tlog.tiles import decode_bundle, encode_bundle, entries_path

BEFORE, AFTER = 150, 60  # entries of ordinary life around what is planted


@dataclass(frozen=True)
class BadRealm:
    """One kind of violation: its name, what plants it in a script, and the code it must be found under."""

    name: str
    code: str
    plant: Callable[[Script], object]
    begin: bool = True


def build(bad: BadRealm, seed: int = 1) -> Script:
    """Play an ordinary life with one violation in the middle."""
    script = Script(seed=seed, begin=bad.begin)
    if bad.begin:
        script.life(BEFORE).quiet()
    bad.plant(script)
    script.life(script.size + AFTER).quiet()
    return script


def context_of(script: Script, known: frozenset[str] | None = None) -> Context:
    """Return how a script's ledger is checked by somebody who looks now."""
    return Context(
        now=script.now,
        running_until=script.now,
        document=script.documents.get,
        vkey=script.log.vkey,
        known_builds=known,
    )


# — form —


def _loose_spelling(s: Script) -> object:
    s.export()
    return s.raw(json.dumps(json.loads(s.entries.pop())).encode())


def _cut(s: Script) -> object:
    s.export()
    return s.raw(s.entries.pop()[:-1])


# — time —


def _backdated(s: Script) -> object:
    s.minute -= 2 * HOUR
    index = s.export()
    s.minute += 2 * HOUR
    return index


def _postdated(s: Script) -> object:
    s.minute += 400 * 24 * HOUR
    index = s.export()
    s.minute -= 400 * 24 * HOUR
    return index


# — charter —


def _started_without(s: Script) -> object:
    s.charter = s.digest()
    s.deploy()
    s.staff = [s.enrol("FR"), s.enrol("FR")]
    return s.staff


def _other_rules(s: Script) -> object:
    charter, s.charter = s.charter, s.digest()
    index = s.erase()
    s.charter = charter
    return index


def _unpublished(s: Script) -> object:
    s.adopt(replace(s.terms, words="Nobody may read this."))
    return s.documents.pop(s.charter)


def _exchanged(s: Script) -> object:
    s.adopt(replace(s.terms, words="What was promised."))
    s.documents[s.charter] = replace(s.terms, words="What is shown.").document()
    return s.charter


def _false_keyholder_signature(s: Script) -> object:
    forger = Ed25519Signer(s.keyholders[0].name, s.secret())
    s.adopt(replace(s.terms, words="Forged."), signers=[forger])
    entry = json.loads(s.entries.pop())
    entry["signatures"][0]["keyholder"] = s.keyholders[0].vkey
    return s.raw(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode())


def _coup(s: Script) -> object:
    """New keyholders declare themselves; the old one was not asked."""
    mine, theirs = s.keyholders[0], s.keyholders[1]
    s.adopt(replace(s.terms, keyholders=[theirs]), signers=[theirs])
    return s.adopt(replace(s.terms, keyholders=[mine], words="Back."), signers=[theirs])


# — staff —


def _enrolled_by_a_stranger(s: Script) -> object:
    return s.enrol("FR", by=Ed25519Signer("stranger.example", s.secret()))


def _enrolled_falsely(s: Script) -> object:
    forger = Ed25519Signer(s.keyholders[0].name, s.secret())
    return s.enrol("FR", by=forger, keyholder=s.keyholders[0].vkey)


def _left_and_left(s: Script) -> object:
    somebody = s.enrol("FR")
    s.leave(somebody)
    return s.leave(somebody)


def _asked_after_leaving(s: Script) -> object:
    somebody = s.enrol("FR")
    s.leave(somebody)
    return s.deny(s.ask(somebody))


def _unenrolled(s: Script) -> object:
    somebody = s.enrol("FR")
    s.entries.pop()
    return s.deny(s.ask(somebody))


# — grants —


def _forged_request(s: Script) -> object:
    s.ask()
    entry = json.loads(s.entries.pop())
    entry["minutes"] = 240 if entry["minutes"] < 240 else 239
    s.raw(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode())
    return s.deny(s.open[-1])


def _own_approval(s: Script) -> object:
    asked = s.ask()
    s.approve(asked, by=asked.by)
    return s.end(asked)


def _second_answer(s: Script) -> object:
    asked = s.ask()
    s.deny(asked)
    asked_by = next(m for m in s.staff if m is not asked.by)
    return s.approve(asked, by=asked_by)


def _approved_next_day(s: Script) -> object:
    asked = s.ask()
    s.wait(14 * HOUR)
    s.approve(asked)
    return s.end(asked)


def _resident(s: Script) -> object:
    s.adopt(replace(s.terms, approver_residency="FR"))
    abroad, at_home = s.staff[2], s.staff[:2]
    asked = s.ask(at_home[0])
    s.approve(asked, by=abroad)
    s.end(asked)
    s.staff = at_home
    return asked


def _longer(s: Script) -> object:
    asked = s.ask(minutes=60)
    s.approve(asked, expires_at=text_of(s.minute + 600))
    return s.end(asked, "closed")


def _forbidden_emergency(s: Script) -> object:
    s.adopt(replace(s.terms, emergency=False))
    return s.deny(s.ask(minutes=15, emergency=True))


def _long_emergency(s: Script) -> object:
    return s.deny(s.ask(minutes=120, emergency=True))


def _turned_into_emergency(s: Script) -> object:
    asked = s.ask(minutes=15)
    s.approve(asked, by=asked.by, emergency=True)
    return s.end(asked)


def _unanswered(s: Script) -> object:
    s.open.remove(s.ask())
    return s.wait(20 * HOUR)


def _never_ended(s: Script) -> object:
    s.open.remove(s.grant(minutes=15))
    return s.wait(4 * HOUR)


def _ended_unapproved(s: Script) -> object:
    return s.end(s.ask(), "closed")


def _ended_twice(s: Script) -> object:
    asked = s.grant()
    s.end(asked)
    return s.end(asked)


def _ended_early(s: Script) -> object:
    return s.end(s.grant(minutes=240), "time")


def _used_unapproved(s: Script) -> object:
    asked = s.ask()
    s.use(asked, approval=asked.index)
    return s.deny(asked)


def _used_after_denial(s: Script) -> object:
    asked = s.ask()
    s.deny(asked)
    return s.use(asked, approval=asked.index)


def _used_late(s: Script) -> object:
    asked = s.grant(minutes=15)
    s.wait(20)
    s.use(asked)
    return s.end(asked, "time")


def _used_after_end(s: Script) -> object:
    asked = s.grant(minutes=60)
    s.end(asked, "closed")
    return s.use(asked)


def _used_other_approval(s: Script) -> object:
    other, asked = s.grant(minutes=60), s.grant(minutes=60)
    s.use(asked, approval=other.approval)
    s.end(other)
    return s.end(asked)


def _linkable_opening(s: Script) -> object:
    asked = s.grant(minutes=60)
    s.use(asked, person=asked.people[0])
    return s.end(asked)


def _used_other_class(s: Script) -> object:
    asked = s.grant(minutes=60, classes=["social"])
    s.use(asked, data_class="identity")
    return s.end(asked)


def _unknown_request(s: Script) -> object:
    return s.append("grant.expired", request=0, cause="time")


# — keys —


def _unfinished_hour(s: Script) -> object:
    s.wait(30)
    return s.append("keys.released", hour=text_of(s.minute - s.minute % HOUR + HOUR), counts={})


def _half_hour(s: Script) -> object:
    return s.append("keys.released", hour=text_of(s.minute - s.minute % HOUR - 2 * HOUR + 30), counts={})


def _hour_again(s: Script) -> object:
    s.wait(HOUR)
    return s.append("keys.released", hour=text_of(s.minute - s.minute % HOUR - HOUR), counts={"session": 3})


def _skipped_hour(s: Script) -> object:
    s.wait(2 * HOUR)
    s.export()
    s.wait(15)
    s.export()
    s.wait(HOUR - 15)
    s.entries.pop()
    return s.wait(HOUR)


def _no_account_at_all(s: Script) -> object:
    s.wait(2 * HOUR)
    s.account = lambda hour, **counts: 0  # type: ignore[method-assign]
    s.wait(HOUR + 1 - s.minute % HOUR)
    s.export()
    s.wait(20)
    s.export()
    return s.wait(6 * HOUR)


def _unlogged_keys(s: Script) -> object:
    s.wait(2 * HOUR)
    s.counts["grant"] += 3
    return s.wait(HOUR)


# — releases, marks, upkeep —


def _nameless_software(s: Script) -> object:
    s.adopt(s.terms)
    s.staff = [s.enrol("FR"), s.enrol("FR")]
    return s.deploy()


def _secret_map(s: Script) -> object:
    index = s.deploy()
    del s.documents[json.loads(s.entries[index])["data_map"]]
    return index


def _linkable(s: Script) -> object:
    person = s.digest()
    s.export(person=person)
    return s.erase(person=person)


def _linkable_requests(s: Script) -> object:
    person = s.digest()
    s.deny(s.ask(people=[person]))
    return s.deny(s.ask(people=[person, s.digest()]))


def _impossible_restore(s: Script) -> object:
    return s.append("ledger.restored", db_size=s.size, adopted_size=s.size - 5)


def _other_old_key(s: Script) -> object:
    s.rotate()
    s.log = Ed25519Signer(ORIGIN, s.secret())
    return s.rotate()


def _other_new_key(s: Script) -> object:
    s.rotate()
    s.log = Ed25519Signer(ORIGIN, s.secret())
    return s.log


def _unreadable_key(s: Script) -> object:
    return s.append("key.rotated", old=s.log.vkey, new=s.log.vkey[:-4] + "AAAA")


IN_ENTRIES = (
    BadRealm("an entry cut short", "form.not-json", _cut),
    BadRealm("an entry spelt loosely", "form.not-canonical", _loose_spelling),
    BadRealm("an entry of an invented kind", "form.unknown-kind", lambda s: s.append("note.to-self")),
    BadRealm("an entry with a name in it", "form.schema", lambda s: s.export(comment="for Zoe")),
    BadRealm("an entry without a field", "form.schema", lambda s: s.export(manifest=None)),
    BadRealm("an entry from no calendar", "form.schema", lambda s: s.export(at="2026-13-41T10:00Z")),
    BadRealm("a backdated entry", "time.backwards", _backdated),
    BadRealm("a postdated entry", "time.future", _postdated),
    BadRealm("no charter at the beginning", "charter.missing", _started_without, begin=False),
    BadRealm(
        "a charter that skips one", "charter.chain-broken", lambda s: s.adopt(s.terms, previous=s.digest())
    ),
    BadRealm("a charter that counts wrongly", "charter.chain-broken", lambda s: s.adopt(s.terms, version=7)),
    BadRealm("an entry under a charter of its own", "charter.not-in-force", _other_rules),
    BadRealm("a charter nobody can read", "charter.document-missing", _unpublished),
    BadRealm("another charter shown than signed", "charter.document-other", _exchanged),
    BadRealm(
        "a ledger that softens its charter",
        "charter.document-contradicts",
        lambda s: s.adopt(replace(s.terms, words="Strict."), emergency=False),
    ),
    BadRealm("a forged signature under a charter", "charter.signature-invalid", _false_keyholder_signature),
    BadRealm("keyholders who appointed themselves", "charter.signatures-missing", _coup),
    BadRealm(
        "an unsigned charter",
        "charter.signatures-missing",
        lambda s: s.adopt(replace(s.terms, words="New."), signers=[]),
    ),
    BadRealm(
        "one keyholder counted twice",
        "charter.threshold",
        lambda s: s.adopt(replace(s.terms, keyholders=s.terms.keyholders * 2, threshold=2)),
    ),
    BadRealm(
        "a witness policy that says nothing",
        "charter.policy-unreadable",
        lambda s: s.adopt(replace(s.terms, release_policy="whoever\n")),
    ),
    BadRealm("staff enrolled by a stranger", "staff.unknown-keyholder", _enrolled_by_a_stranger),
    BadRealm("staff enrolled with a forged signature", "staff.bad-signature", _enrolled_falsely),
    BadRealm(
        "a staff key under another's name", "staff.key-mismatch", lambda s: s.enrol("FR", staff="0" * 16)
    ),
    BadRealm("staff enrolled twice", "staff.enrolled-twice", lambda s: s.enrol_again(s.staff[0])),
    BadRealm("staff that leave twice", "staff.left-unknown", _left_and_left),
    BadRealm("a request by nobody on the staff", "grant.unknown-staff", _unenrolled),
    BadRealm("a request by somebody who has left", "grant.staff-left", _asked_after_leaving),
    BadRealm("a request changed after signing", "grant.bad-signature", _forged_request),
    BadRealm("the end of nothing", "grant.unknown-request", _unknown_request),
    BadRealm("staff that approve themselves", "grant.self-approved", _own_approval),
    BadRealm("a no turned into a yes", "grant.answered-twice", _second_answer),
    BadRealm("an approval after the deadline", "grant.approved-late", _approved_next_day),
    BadRealm("an approval from the wrong country", "grant.residency", _resident),
    BadRealm("a grant longer than asked for", "grant.expiry", _longer),
    BadRealm("an emergency where there is none", "grant.emergency-not-allowed", _forbidden_emergency),
    BadRealm("an emergency of two hours", "grant.emergency-too-long", _long_emergency),
    BadRealm("an emergency made by the approver", "grant.emergency-differs", _turned_into_emergency),
    BadRealm("a request left lying", "grant.unanswered", _unanswered),
    BadRealm("a grant that never ends", "grant.never-ended", _never_ended),
    BadRealm("the end of what was never granted", "grant.ended-unapproved", _ended_unapproved),
    BadRealm("a grant that ends twice", "grant.ended-twice", _ended_twice),
    BadRealm("a grant that runs out early", "grant.ended-early", _ended_early),
    BadRealm("an opening before the approval", "grant.used-unapproved", _used_unapproved),
    BadRealm("an opening after a no", "grant.used-after-denial", _used_after_denial),
    BadRealm("an opening after the time was over", "grant.used-after-expiry", _used_late),
    BadRealm("an opening after the end", "grant.used-after-closing", _used_after_end),
    BadRealm("an opening under another's approval", "grant.used-other-approval", _used_other_approval),
    BadRealm("a person in request and opening", "reference.reused", _linkable_opening),
    BadRealm("an opening of more than was asked for", "grant.used-outside-classes", _used_other_class),
    BadRealm("an account of an hour to come", "keys.hour-misdated", _unfinished_hour),
    BadRealm("an account from half past", "keys.hour-misdated", _half_hour),
    BadRealm("an hour accounted for twice", "keys.hour-twice", _hour_again),
    BadRealm("an hour left out", "keys.hour-missing", _skipped_hour),
    BadRealm("accounts that end one day", "keys.hour-missing", _no_account_at_all),
    BadRealm("keys to staff without an opening", "keys.grant-count", _unlogged_keys),
    BadRealm("software without a name", "release.missing", _nameless_software, begin=False),
    BadRealm("a map of the data nobody can read", "release.data-map-missing", _secret_map),
    BadRealm("a person who can be followed", "reference.reused", _linkable),
    BadRealm("a person in two requests", "reference.reused", _linkable_requests),
    BadRealm("a restore that went backwards", "restored.impossible", _impossible_restore),
    BadRealm("a key from nowhere", "rotated.old-key", _other_old_key),
    BadRealm("a key nobody announced", "rotated.new-key", _other_new_key),
    BadRealm("a key nobody can use", "rotated.unreadable", _unreadable_key),
)


# — of the log itself: a good script, put on disk, and then —


@dataclass(frozen=True)
class BadLog:
    """One kind of violation of the log: what is done to a good realm's copy, and the code it is found under."""

    name: str
    code: str
    write: Callable[[Script, Path], Path]


def _with_note(s: Script, folder: Path, note: str) -> Path:
    return s.write(folder, note=note)


def _without_signature(s: Script, folder: Path) -> Path:
    s.log = Ed25519Signer(ORIGIN, s.secret())
    note = s.note(s.checkpoint())
    s.log = Script(seed=s.seed).log
    return _with_note(s, folder, note)


def _altered_after_signing(s: Script, folder: Path) -> Path:
    text = s.checkpoint()
    note = s.note(text)
    return _with_note(s, folder, note.replace(f"\n{s.size}\n", f"\n{s.size - 1}\n", 1))


def _of_another_log(s: Script, folder: Path) -> Path:
    text = s.checkpoint().replace(ORIGIN, "elsewhere.example/ledger")
    return _with_note(s, folder, s.note(text))


def _rewritten_entry(s: Script, folder: Path) -> Path:
    note, entries = s.note(s.checkpoint()), list(s.entries)
    victim = next(n for n, data in enumerate(entries) if b'"rights.exported"' in data and n > 50)
    entries[victim] = entries[victim].replace(b'"rights.exported"', b'"rights.exported"', 1)
    person = json.loads(entries[victim])["person"].encode()
    entries[victim] = entries[victim].replace(person, bytes(reversed(person)))
    return s.write(folder, note=note, entries=entries)


def _swapped_bundles(s: Script, folder: Path) -> Path:
    s.write(folder)
    path = folder / entries_path(0)
    entries = decode_bundle(path.read_bytes())
    exports = [n for n, data in enumerate(entries) if b'"rights.erased"' in data]
    first, last = exports[0], exports[-1]
    entries[first], entries[last] = (
        _same_time(entries[last], entries[first]),
        _same_time(entries[first], entries[last]),
    )
    path.write_bytes(encode_bundle(entries))
    return folder


def _same_time(entry: bytes, like: bytes) -> bytes:
    """Swap persons, but not times: to the rules all stays plausible."""
    person = json.loads(entry)["person"].encode()
    return like.replace(json.loads(like)["person"].encode(), person)


def _truncated(s: Script, folder: Path) -> Path:
    s.write(folder)
    path = folder / entries_path(s.size // 256, s.size % 256)
    path.write_bytes(encode_bundle(decode_bundle(path.read_bytes())[:-3]))
    return folder


def _bundle_gone(s: Script, folder: Path) -> Path:
    s.write(folder)
    (folder / entries_path(s.size // 256, s.size % 256)).unlink()
    return folder


def _bundle_torn(s: Script, folder: Path) -> Path:
    s.write(folder)
    path = folder / entries_path(s.size // 256, s.size % 256)
    path.write_bytes(path.read_bytes()[:-7])
    return folder


def _one_witness(s: Script, folder: Path) -> Path:
    return _with_note(s, folder, s.note(s.checkpoint(), s.cosigners[:1]))


def _strange_witnesses(s: Script, folder: Path) -> Path:
    strangers = [CosignatureSigner(f"stranger{n}.example", s.secret()) for n in (1, 2)]
    return _with_note(s, folder, s.note(s.checkpoint(), strangers))


def _forged_witness(s: Script, folder: Path) -> Path:
    note = s.note(s.checkpoint())
    lines = note.split("\n")
    name, signature = lines[-2].rsplit(" ", 1)
    raw = bytearray(base64.b64decode(signature))
    raw[-1] ^= 1
    third = f"{name} {base64.b64encode(raw).decode()}\n"
    return _with_note(s, folder, note + third)


def _witness_of_yesterday(s: Script, folder: Path) -> Path:
    """The signature is real, but of a shorter state of the ledger."""
    old = s.note(s.checkpoint(s.size - 10)).split("\n")
    return _with_note(s, folder, s.note(s.checkpoint()) + old[-2] + "\n")


IN_THE_LOG = (
    BadLog("a checkpoint signed by somebody else", "log.signature-missing", _without_signature),
    BadLog("a checkpoint altered after signing", "log.signature-missing", _altered_after_signing),
    BadLog("a checkpoint of another ledger", "log.signature-missing", _of_another_log),
    BadLog("a rewritten entry", "log.root-differs", _rewritten_entry),
    BadLog("entries exchanged", "log.root-differs", _swapped_bundles),
    BadLog("the last entries cut off", "log.entries-missing", _truncated),
    BadLog("a bundle of entries gone", "log.entries-missing", _bundle_gone),
    BadLog("a bundle of entries torn", "log.entries-missing", _bundle_torn),
    BadLog("one witness of two", "log.quorum-missing", _one_witness),
    BadLog("witnesses nobody knows", "log.quorum-missing", _strange_witnesses),
    BadLog("a forged witness", "log.cosignature-invalid", _forged_witness),
    BadLog("a witness's signature of yesterday", "log.cosignature-invalid", _witness_of_yesterday),
)


def build_log(seed: int = 1) -> Script:
    """Return a good script of a little more than one bundle."""
    return Script(seed=seed).life(380).quiet()
