"""What is planted in bad realms: each function breaks one rule, in a script that keeps all others."""

import json
from dataclasses import replace

from tests.factories.ledgers import ORIGIN, Script

from reelm_audit.rules.minutes import HOUR, text_of
from reelm_audit.tlog.note import Ed25519Signer

# — form —


def loose_spelling(s: Script) -> object:
    s.export()
    return s.raw(json.dumps(json.loads(s.entries.pop())).encode())


def cut(s: Script) -> object:
    s.export()
    return s.raw(s.entries.pop()[:-1])


# — time —


def backdated(s: Script) -> object:
    s.minute -= 2 * HOUR
    index = s.export()
    s.minute += 2 * HOUR
    return index


def postdated(s: Script) -> object:
    s.minute += 400 * 24 * HOUR
    index = s.export()
    s.minute -= 400 * 24 * HOUR
    return index


# — charter —


def started_without(s: Script) -> object:
    s.charter = s.digest()
    s.deploy()
    s.staff = [s.enrol("FR"), s.enrol("FR")]
    return s.staff


def other_rules(s: Script) -> object:
    charter, s.charter = s.charter, s.digest()
    index = s.erase()
    s.charter = charter
    return index


def unpublished(s: Script) -> object:
    s.adopt(replace(s.terms, words="Nobody may read this."))
    return s.documents.pop(s.charter)


def exchanged(s: Script) -> object:
    s.adopt(replace(s.terms, words="What was promised."))
    s.documents[s.charter] = replace(s.terms, words="What is shown.").document()
    return s.charter


def false_keyholder_signature(s: Script) -> object:
    forger = Ed25519Signer(s.keyholders[0].name, s.secret())
    s.adopt(replace(s.terms, words="Forged."), signers=[forger])
    entry = json.loads(s.entries.pop())
    entry["signatures"][0]["keyholder"] = s.keyholders[0].vkey
    return s.raw(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode())


def coup(s: Script) -> object:
    """New keyholders declare themselves; the old one was not asked."""
    mine, theirs = s.keyholders[0], s.keyholders[1]
    s.adopt(replace(s.terms, keyholders=[theirs]), signers=[theirs])
    return s.adopt(replace(s.terms, keyholders=[mine], words="Back."), signers=[theirs, mine])


def handed_to_the_unasked(s: Script) -> object:
    """The keyholders name others in their place, who never agreed."""
    mine, theirs = s.keyholders[0], s.keyholders[1]
    s.adopt(replace(s.terms, keyholders=[theirs]), signers=[mine])
    return s.adopt(replace(s.terms, keyholders=[mine], words="Back."), signers=[theirs, mine])


def over_a_veto(s: Script) -> object:
    """A change goes past the keyholder who may stop just that."""
    mine, theirs = s.keyholders[0], s.keyholders[1]
    s.adopt(replace(s.terms, keyholders=[mine, theirs], vetoes=((), ("staff",))), signers=[mine])
    s.adopt(replace(s.terms, words="Nothing that concerns them."), signers=[mine])
    return s.adopt(replace(s.terms, approver_residency="FR"), signers=[mine])


def veto_taken_away(s: Script) -> object:
    """First the veto is voted away, by those whom it binds; the change itself could follow."""
    mine, theirs = s.keyholders[0], s.keyholders[1]
    s.adopt(replace(s.terms, keyholders=[mine, theirs], vetoes=((), ("staff",))), signers=[mine])
    return s.adopt(replace(s.terms, vetoes=()), signers=[mine])


# — staff —


def enrolled_by_a_stranger(s: Script) -> object:
    return s.enrol("FR", by=Ed25519Signer("stranger.example", s.secret()))


def enrolled_falsely(s: Script) -> object:
    forger = Ed25519Signer(s.keyholders[0].name, s.secret())
    return s.enrol("FR", by=forger, keyholder=s.keyholders[0].vkey)


def left_and_left(s: Script) -> object:
    somebody = s.enrol("FR")
    s.leave(somebody)
    return s.leave(somebody)


def asked_after_leaving(s: Script) -> object:
    somebody = s.enrol("FR")
    s.leave(somebody)
    return s.deny(s.ask(somebody))


def unenrolled(s: Script) -> object:
    somebody = s.enrol("FR")
    s.entries.pop()
    return s.deny(s.ask(somebody))


# — grants —


def forged_request(s: Script) -> object:
    s.ask()
    entry = json.loads(s.entries.pop())
    entry["minutes"] = 240 if entry["minutes"] < 240 else 239
    s.raw(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode())
    return s.deny(s.open[-1])


def own_approval(s: Script) -> object:
    asked = s.ask()
    s.approve(asked, by=asked.by)
    return s.end(asked)


def second_answer(s: Script) -> object:
    asked = s.ask()
    s.deny(asked)
    asked_by = next(m for m in s.staff if m is not asked.by)
    return s.approve(asked, by=asked_by)


def approved_next_day(s: Script) -> object:
    asked = s.ask()
    s.wait(14 * HOUR)
    s.approve(asked)
    return s.end(asked)


def resident(s: Script) -> object:
    s.adopt(replace(s.terms, approver_residency="FR"))
    abroad, at_home = s.staff[2], s.staff[:2]
    asked = s.ask(at_home[0])
    s.approve(asked, by=abroad)
    s.end(asked)
    s.staff = at_home
    return asked


def longer(s: Script) -> object:
    asked = s.ask(minutes=60)
    s.approve(asked, expires_at=text_of(s.minute + 600))
    return s.end(asked, "closed")


def forbidden_emergency(s: Script) -> object:
    s.adopt(replace(s.terms, emergency=False))
    return s.deny(s.ask(minutes=15, emergency=True))


def long_emergency(s: Script) -> object:
    return s.deny(s.ask(minutes=120, emergency=True))


def turned_into_emergency(s: Script) -> object:
    asked = s.ask(minutes=15)
    s.approve(asked, by=asked.by, emergency=True)
    return s.end(asked)


def unanswered(s: Script) -> object:
    s.open.remove(s.ask())
    return s.wait(20 * HOUR)


def never_ended(s: Script) -> object:
    s.open.remove(s.grant(minutes=15))
    return s.wait(4 * HOUR)


def ended_unapproved(s: Script) -> object:
    return s.end(s.ask(), "closed")


def ended_twice(s: Script) -> object:
    asked = s.grant()
    s.end(asked)
    return s.end(asked)


def ended_early(s: Script) -> object:
    return s.end(s.grant(minutes=240), "time")


def used_unapproved(s: Script) -> object:
    asked = s.ask()
    s.use(asked, approval=asked.index)
    return s.deny(asked)


def used_after_denial(s: Script) -> object:
    asked = s.ask()
    s.deny(asked)
    return s.use(asked, approval=asked.index)


def used_late(s: Script) -> object:
    asked = s.grant(minutes=15)
    s.wait(20)
    s.use(asked)
    return s.end(asked, "time")


def used_after_end(s: Script) -> object:
    asked = s.grant(minutes=60)
    s.end(asked, "closed")
    return s.use(asked)


def used_other_approval(s: Script) -> object:
    other, asked = s.grant(minutes=60), s.grant(minutes=60)
    s.use(asked, approval=other.approval)
    s.end(other)
    return s.end(asked)


def linkable_opening(s: Script) -> object:
    asked = s.grant(minutes=60)
    s.use(asked, person=asked.people[0])
    return s.end(asked)


def used_other_class(s: Script) -> object:
    asked = s.grant(minutes=60, classes=["social"])
    s.use(asked, data_class="identity")
    return s.end(asked)


def unknown_request(s: Script) -> object:
    return s.append("grant.expired", request=0, cause="time")


# — keys —


def unfinished_hour(s: Script) -> object:
    s.wait(30)
    return s.append("keys.released", hour=text_of(s.minute - s.minute % HOUR + HOUR), counts={})


def half_hour(s: Script) -> object:
    return s.append("keys.released", hour=text_of(s.minute - s.minute % HOUR - 2 * HOUR + 30), counts={})


def hour_again(s: Script) -> object:
    s.wait(HOUR)
    return s.append("keys.released", hour=text_of(s.minute - s.minute % HOUR - HOUR), counts={"session": 3})


def skipped_hour(s: Script) -> object:
    s.wait(2 * HOUR)
    s.export()
    s.wait(15)
    s.export()
    s.wait(HOUR - 15)
    s.entries.pop()
    return s.wait(HOUR)


def no_account_at_all(s: Script) -> object:
    s.wait(2 * HOUR)
    s.account = lambda hour, **counts: 0  # type: ignore[method-assign]
    s.wait(HOUR + 1 - s.minute % HOUR)
    s.export()
    s.wait(20)
    s.export()
    return s.wait(6 * HOUR)


def unlogged_keys(s: Script) -> object:
    s.wait(2 * HOUR)
    s.counts["grant"] += 3
    return s.wait(HOUR)


# — releases, marks, upkeep —


def nameless_software(s: Script) -> object:
    s.adopt(s.terms)
    s.staff = [s.enrol("FR"), s.enrol("FR")]
    return s.deploy()


def secret_map(s: Script) -> object:
    index = s.deploy()
    del s.documents[json.loads(s.entries[index])["data_map"]]
    return index


def linkable(s: Script) -> object:
    person = s.digest()
    s.export(person=person)
    return s.erase(person=person)


def linkable_requests(s: Script) -> object:
    person = s.digest()
    s.deny(s.ask(people=[person]))
    return s.deny(s.ask(people=[person, s.digest()]))


def impossible_restore(s: Script) -> object:
    return s.append("ledger.restored", db_size=s.size, adopted_size=s.size - 5)


def other_old_key(s: Script) -> object:
    s.rotate()
    s.log = Ed25519Signer(ORIGIN, s.secret())
    return s.rotate()


def other_new_key(s: Script) -> object:
    s.rotate()
    s.log = Ed25519Signer(ORIGIN, s.secret())
    return s.log


def unreadable_key(s: Script) -> object:
    return s.append("key.rotated", old=s.log.vkey, new=s.log.vkey[:-4] + "AAAA")
