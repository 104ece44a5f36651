"""Every verdict of a charter's policies for one realm, as a table for whoever wants to see before it matters."""

from typing import NamedTuple

from reelm.border.classify import ORDER, fields_in_force
from reelm.border.constitution import Terms
from reelm.border.repository import PeerRow
from reelm.realm.service import Context, decide

_MADE = ("Create", "Update", "Delete")
_DONE = ("Follow", "Accept", "Reject", "Undo", "Like", "Announce", "Move", "Flag")


class VerdictRow(NamedTuple):
    """One question and its answer: the policy that permits, or nothing."""

    act: str
    object_type: str
    data_class: str
    purpose: str
    policy: str


def table(terms: Terms, about: PeerRow | None) -> list[VerdictRow]:
    """Return the verdict for every act, class and purpose that a row of `fields.json` could lead to."""
    if about is None or terms.policy is None:
        return []
    rows = fields_in_force().rows
    asked = {
        (act, kind, row.purpose)
        for name, row in rows.items()
        if (kind := name.partition(".")[0]) != "*"
        for act in ((kind,) if kind in _DONE else _MADE)
    }
    member = bool(terms.network) and about.network == terms.network
    found = []
    for act, kind, purpose in sorted(asked):
        for data_class in ORDER:
            context = Context(
                peer=about.realm,
                network_member=member,
                data_class=data_class,
                purpose=purpose,
                object_type=kind,
            )
            verdict = decide(terms.policy, terms.realm, act, kind, context)
            found.append(
                VerdictRow(act, kind, data_class, purpose, verdict.policy_id if verdict.allowed else "")
            )
    return found
