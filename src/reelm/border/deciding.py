"""What becomes of each thing that was asked for: it goes, it goes without some fields, or it doesn't go, and why."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from reelm.border.activity import Document, activity_of
from reelm.border.classify import Classified, Fields, fields_in_force, in_order, most_guarded
from reelm.border.constitution import Terms
from reelm.border.counting import refusal
from reelm.border.repository import PeerRow
from reelm.border.repository_releasing import Asked, RefusalKey
from reelm.realm.service import Context, decide
from reelm_audit.tlog import canonical

MOST_OBJECT_BYTES = 256 * 1024
MOST_BATCH_BYTES = 768 * 1024
_VERDICTS_KEPT = 10_000


@dataclass(frozen=True)
class Permitted:
    """Something that goes: its canonical bytes, and what may be told of it."""

    id: UUID
    act: str
    object_type: str
    purpose: str
    released: bytes
    classes: list[str]
    fields: list[str]
    removed: list[str]
    policy: str


@dataclass(frozen=True)
class Refused:
    """Something that doesn't go; `removed` names the fields that kept it."""

    id: UUID
    reason: str
    classes: list[str]
    removed: list[str]


@dataclass
class Decided:
    """What was decided about several things at once. `member`: whether the peer is of the same network."""

    member: bool
    permitted: list[Permitted] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    to_tell: Counter[RefusalKey] = field(default_factory=Counter)


class Decider:
    """Asks the policies of the charter. What has no verdict is refused."""

    def __init__(self, fields: Fields | None = None) -> None:
        self._fields = fields or fields_in_force()
        self._verdicts: dict[tuple[str, ...], str | None] = {}

    def decide_all(self, terms: Terms, about: PeerRow | None, peer: str, asked: Sequence[Asked]) -> Decided:
        """Decide in order, as much as one delivery holds; what is in none of the lists stays asked for."""
        member = about is not None and bool(terms.network) and about.network == terms.network
        decided = Decided(member)
        size = 0
        for each in asked:
            outcome = self._decide(terms, about, peer, member, each)
            if isinstance(outcome, Permitted):
                size += len(outcome.released)
                if decided.permitted and size > MOST_BATCH_BYTES:
                    break
                decided.permitted.append(outcome)
                told = self._told(about, each, "fields_removed", (), outcome.removed)
                kept_back = bool(outcome.removed)
            else:
                decided.refused.append(outcome)
                told = self._told(about, each, outcome.reason, outcome.classes, outcome.removed)
                kept_back = True
            if kept_back:
                decided.to_tell[told] += 1
        return decided

    def _told(
        self, about: PeerRow | None, asked: Asked, reason: str, classes: Iterable[str], fields: Iterable[str]
    ) -> RefusalKey:
        """Say it in words of this realm's own: what was asked for is by somebody who may have been taken over."""
        kind = asked.object_type if asked.object_type in self._fields.types else "unknown"
        peer = about.realm if about else ""
        return refusal(
            "out", "crossing", peer, kind, reason, classes=classes, fields=self._fields.told(fields)
        )

    def _decide(
        self, terms: Terms, about: PeerRow | None, peer: str, member: bool, asked: Asked
    ) -> Permitted | Refused:
        stopped = "unknown_peer" if about is None else "peer_refused" if about.state != "open" else ""
        if stopped:
            return _refused(asked, stopped)
        if not isinstance(asked.document, dict):
            return _refused(asked, "nothing_to_send")
        found = self._fields.classify(asked.document, asked.act, asked.object_type)
        if found.never:
            return _refused(asked, "never_crosses", found.never.values(), {*found.never, *found.unknown})
        if found.unknown:
            return _refused(asked, "unknown_field", found.classes, found.unknown)
        if self._fields.purpose_of(asked.document) != asked.purpose:
            return _refused(asked, "other_purpose", found.classes, ["type"])
        return self._reduce(terms, peer, member, asked, asked.document, found)

    def _reduce(
        self,
        terms: Terms,
        peer: str,
        member: bool,
        asked: Asked,
        document: Document,
        found: Classified,
    ) -> Permitted | Refused:
        policies = {
            each: self._policy_for(terms, peer, member, asked, each) for each in sorted(found.classes)
        }
        allowed = {each for each, policy in policies.items() if policy is not None}
        left = self._fields.reduced(document, allowed)
        if left.document is None:
            kept_back = set(found.classes) - allowed
            reason = "incomplete" if not kept_back else "not_permitted" if terms.policy else "no_policy"
            return _refused(asked, reason, kept_back, left.removed)
        try:
            activity = activity_of(terms.ids, asked.id, asked.act, left.document)
            released = canonical.encode(activity)
        except (KeyError, ValueError, TypeError):
            return _refused(asked, "malformed", allowed)
        if len(released) > MOST_OBJECT_BYTES:
            return _refused(asked, "too_large", allowed)
        classes = in_order({self._fields.rows[name].data_class for name in left.kept})
        return Permitted(
            asked.id,
            asked.act,
            asked.object_type,
            asked.purpose,
            released,
            list(classes),
            left.kept,
            left.removed,
            policies[most_guarded(set(classes))] or "",
        )

    def _policy_for(self, terms: Terms, peer: str, member: bool, asked: Asked, data_class: str) -> str | None:
        """Name the policy that lets the class pass; None where none does."""
        if terms.policy is None:
            return None
        question = (
            terms.digest,
            peer,
            str(member),
            asked.act,
            asked.object_type,
            asked.purpose,
            data_class,
        )
        if question not in self._verdicts:
            if len(self._verdicts) >= _VERDICTS_KEPT:
                self._verdicts.clear()
            context = Context(
                peer=peer,
                network_member=member,
                data_class=data_class,
                purpose=asked.purpose,
                object_type=asked.object_type,
            )
            verdict = decide(terms.policy, terms.realm, asked.act, asked.object_type, context)
            self._verdicts[question] = verdict.policy_id if verdict.allowed else None
        return self._verdicts[question]


def _refused(asked: Asked, reason: str, classes: Iterable[str] = (), fields: Iterable[str] = ()) -> Refused:
    return Refused(asked.id, reason, list(in_order(set(classes))), sorted(fields))
