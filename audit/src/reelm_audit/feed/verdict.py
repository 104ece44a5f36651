"""Everything that can be said of one page from its file, the model and the policy."""

from dataclasses import dataclass

from reelm_audit.feed import choosing, layout, ranker
from reelm_audit.feed.choosing import Policy, PolicyError
from reelm_audit.feed.evidence import Evidence, check_page
from reelm_audit.feed.layout import LayoutError, Receipt
from reelm_audit.feed.problem import Problem
from reelm_audit.feed.ranker import Model, ModelError
from reelm_audit.feed.replay import check


@dataclass(frozen=True)
class PageVerdict:
    """What a check of one page came to. `replayed` says whether the page was computed again, and came out equal."""

    receipt: Receipt | None
    problems: tuple[Problem, ...]
    replayed: bool = False


def judge(evidence: Evidence, model_bytes: bytes | None, policy_bytes: bytes | None) -> PageVerdict:
    """Check one page; without model and policy, whether its receipt was promised and logged."""
    try:
        receipt = layout.decode(evidence.data)
    except LayoutError as error:
        return PageVerdict(None, (Problem("feed.malformed", f"{error}.".capitalize()),))
    problems = check_page(evidence, receipt)
    if model_bytes is None or policy_bytes is None:
        return PageVerdict(receipt, tuple(problems))
    documents = read_documents(model_bytes, policy_bytes)
    if isinstance(documents, Problem):
        return PageVerdict(receipt, (*problems, documents))
    wrong = check(receipt, *documents)
    return PageVerdict(receipt, (*problems, *wrong), replayed=not wrong)


def read_documents(model_bytes: bytes, policy_bytes: bytes) -> tuple[Model, Policy] | Problem:
    """Return model and policy, or what is wrong with them."""
    try:
        model = ranker.parse(model_bytes)
    except ModelError as error:
        return Problem("feed.model-unreadable", f"{error}.".capitalize())
    try:
        return model, choosing.parse_policy(policy_bytes)
    except PolicyError as error:
        return Problem("feed.policy-unreadable", f"{error}.".capitalize())
