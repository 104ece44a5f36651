"""Bad realms: ledgers that are well kept but for exactly one thing, which the auditor's tool must find and name.

Here are violations that stand in the ledger, in its own entries; `badlogs` has those of the log itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.factories import badplants as plants
from tests.factories import badplants_border as border
from tests.factories import badplants_feed as feed
from tests.factories.ledgers import Script

from reelm_audit.rules.context import Context

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


IN_ENTRIES = (
    BadRealm("an entry cut short", "form.not-json", plants.cut),
    BadRealm("an entry spelt loosely", "form.not-canonical", plants.loose_spelling),
    BadRealm("an entry of an invented kind", "form.unknown-kind", lambda s: s.append("note.to-self")),
    BadRealm("an entry with a name in it", "form.schema", lambda s: s.export(comment="for Zoe")),
    BadRealm("an entry without a field", "form.schema", lambda s: s.export(manifest=None)),
    BadRealm("an entry from no calendar", "form.schema", lambda s: s.export(at="2026-13-41T10:00Z")),
    BadRealm("a backdated entry", "time.backwards", plants.backdated),
    BadRealm("a postdated entry", "time.future", plants.postdated),
    BadRealm("no charter at the beginning", "charter.missing", plants.started_without, begin=False),
    BadRealm(
        "a charter that skips one", "charter.chain-broken", lambda s: s.adopt(s.terms, previous=s.digest())
    ),
    BadRealm("a charter that counts wrongly", "charter.chain-broken", lambda s: s.adopt(s.terms, version=7)),
    BadRealm("an entry under a charter of its own", "charter.not-in-force", plants.other_rules),
    BadRealm("a charter nobody can read", "charter.document-missing", plants.unpublished),
    BadRealm("another charter shown than signed", "charter.document-other", plants.exchanged),
    BadRealm(
        "a ledger that softens its charter",
        "charter.document-contradicts",
        lambda s: s.adopt(replace(s.terms, words="Strict."), emergency=False),
    ),
    BadRealm(
        "a forged signature under a charter", "charter.signature-invalid", plants.false_keyholder_signature
    ),
    BadRealm("keyholders who appointed themselves", "charter.signatures-missing", plants.coup),
    BadRealm("keyholders who never agreed", "charter.signatures-missing", plants.handed_to_the_unasked),
    BadRealm("a charter adopted over a veto", "charter.veto-missing", plants.over_a_veto),
    BadRealm("a veto voted away", "charter.veto-missing", plants.veto_taken_away),
    BadRealm(
        "a site where the charter says none may be",
        "charter.site-outside",
        lambda s: s.adopt(
            replace(s.terms, lives=(("US", ("US",)), ("FR", ())), stored=(("us-1", "US"), ("sg-1", "SG")))
        ),
    ),
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
    BadRealm("staff enrolled by a stranger", "staff.unknown-keyholder", plants.enrolled_by_a_stranger),
    BadRealm("staff enrolled with a forged signature", "staff.bad-signature", plants.enrolled_falsely),
    BadRealm(
        "a staff key under another's name", "staff.key-mismatch", lambda s: s.enrol("FR", staff="0" * 16)
    ),
    BadRealm("staff enrolled twice", "staff.enrolled-twice", lambda s: s.enrol_again(s.staff[0])),
    BadRealm("staff that leave twice", "staff.left-unknown", plants.left_and_left),
    BadRealm("a request by nobody on the staff", "grant.unknown-staff", plants.unenrolled),
    BadRealm("a request by somebody who has left", "grant.staff-left", plants.asked_after_leaving),
    BadRealm("a request changed after signing", "grant.bad-signature", plants.forged_request),
    BadRealm("the end of nothing", "grant.unknown-request", plants.unknown_request),
    BadRealm("staff that approve themselves", "grant.self-approved", plants.own_approval),
    BadRealm("a no turned into a yes", "grant.answered-twice", plants.second_answer),
    BadRealm("an approval after the deadline", "grant.approved-late", plants.approved_next_day),
    BadRealm("an approval from the wrong country", "grant.residency", plants.resident),
    BadRealm("a grant longer than asked for", "grant.expiry", plants.longer),
    BadRealm("an emergency where there is none", "grant.emergency-not-allowed", plants.forbidden_emergency),
    BadRealm("an emergency of two hours", "grant.emergency-too-long", plants.long_emergency),
    BadRealm("an emergency made by the approver", "grant.emergency-differs", plants.turned_into_emergency),
    BadRealm("a request left lying", "grant.unanswered", plants.unanswered),
    BadRealm("a grant that never ends", "grant.never-ended", plants.never_ended),
    BadRealm("the end of what was never granted", "grant.ended-unapproved", plants.ended_unapproved),
    BadRealm("a grant that ends twice", "grant.ended-twice", plants.ended_twice),
    BadRealm("a grant that runs out early", "grant.ended-early", plants.ended_early),
    BadRealm("an opening before the approval", "grant.used-unapproved", plants.used_unapproved),
    BadRealm("an opening after a no", "grant.used-after-denial", plants.used_after_denial),
    BadRealm("an opening after the time was over", "grant.used-after-expiry", plants.used_late),
    BadRealm("an opening after the end", "grant.used-after-closing", plants.used_after_end),
    BadRealm("an opening under another's approval", "grant.used-other-approval", plants.used_other_approval),
    BadRealm("a person in request and opening", "reference.reused", plants.linkable_opening),
    BadRealm("an opening of more than was asked for", "grant.used-outside-classes", plants.used_other_class),
    BadRealm("an account of an hour to come", "keys.hour-misdated", plants.unfinished_hour),
    BadRealm("an account from half past", "keys.hour-misdated", plants.half_hour),
    BadRealm("an hour accounted for twice", "keys.hour-twice", plants.hour_again),
    BadRealm("an hour left out", "keys.hour-missing", plants.skipped_hour),
    BadRealm("accounts that end one day", "keys.hour-missing", plants.no_account_at_all),
    BadRealm("keys to staff without an opening", "keys.grant-count", plants.unlogged_keys),
    BadRealm("software without a name", "release.missing", plants.nameless_software, begin=False),
    BadRealm("a map of the data nobody can read", "release.data-map-missing", plants.secret_map),
    BadRealm("a person who can be followed", "reference.reused", plants.linkable),
    BadRealm("a person in two requests", "reference.reused", plants.linkable_requests),
    BadRealm("a restore that went backwards", "restored.impossible", plants.impossible_restore),
    BadRealm("a key from nowhere", "rotated.old-key", plants.other_old_key),
    BadRealm("a key nobody announced", "rotated.new-key", plants.other_new_key),
    BadRealm("a key nobody can use", "rotated.unreadable", plants.unreadable_key),
    BadRealm("a batch that skips one", "feed.batch-chain", feed.skipped_batch),
    BadRealm("a batch exchanged for another", "feed.batch-chain", feed.exchanged_batch),
    BadRealm("a batch of the past", "feed.batch-order", feed.batch_again),
    BadRealm("a batch dated back", "feed.batch-misdated", feed.backdated_batch),
    BadRealm("a model that skips one", "ranking.chain-broken", feed.skipped_model),
    BadRealm("a model nobody can read", "ranking.document-missing", feed.secret_model),
    BadRealm("rules of choosing nobody can read", "ranking.document-missing", feed.secret_rules),
    BadRealm("a list of boosts that skips one", "ranking.adjusted-chain", feed.skipped_list),
    BadRealm("an empty list that is not empty", "ranking.adjusted-empty", feed.false_count),
    BadRealm("a snapshot of an earlier state", "feed.snapshot-order", feed.earlier_snapshot),
    BadRealm("public lists of one time twice", "feed.lists-order", feed.lists_again),
    BadRealm("a key for promises nobody can use", "feed.promise-key-unreadable", feed.broken_promise_key),
    BadRealm("a phone number that crossed", "border.never-crosses", border.phone_number),
    BadRealm("friends that crossed with a clip", "border.not-allowed", border.friends_published),
    BadRealm("a clip for a realm that is no member", "border.not-allowed", border.to_a_stranger),
    BadRealm("a crossing for another purpose", "border.not-allowed", border.for_advertising),
    BadRealm("a crossing of a closed border", "border.no-policy", border.closed_border),
    BadRealm("a delivery told twice", "border.batch-twice", border.told_twice),
    BadRealm("a delivery of which more was refused", "border.received-count", border.refused_more),
    BadRealm("crossings nobody counted", "border.hour-missing", border.uncounted),
    BadRealm("a border's account from half past", "border.hour-misdated", border.half_an_hour),
    BadRealm("a border's hour told twice", "border.hour-twice", border.hour_again),
    BadRealm("more counted than logged", "border.count-differs", border.counted_more),
    BadRealm("another border's account", "border.other-key", border.other_border),
    BadRealm("a border's account forged", "border.signature-invalid", border.forged_account),
    BadRealm("a site that no charter names", "site.unnamed", border.somewhere_else),
    BadRealm("a site that moved abroad", "site.country-differs", border.moved_house),
    BadRealm("a site that a stranger answers for", "site.other-signer", border.other_signer),
    BadRealm("a site's statement forged", "site.signature-invalid", border.forged_statement),
)
