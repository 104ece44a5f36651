"""A day of For You computed again by the auditor, in the words of the client's verifier (`web/tests/verify/day.ts`)."""

import base64
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from tests.factories.feedday import Day

from reelm_audit.feed import choosing, layout, ranker, replay


def replayed(day: Day) -> Iterator[dict[str, Any]]:
    """Yield what each page comes to, as JSON gives it back."""
    model = ranker.parse(day.model_bytes)
    for page in day.pages:
        receipt = layout.decode(page.receipt)
        policy = choosing.parse_policy(day.documents[receipt.policy.hex()])
        made = replay.again(receipt, model, policy)
        points = [0] * len(receipt.scored)
        for each in receipt.adjusted:
            points[each.index] += each.points
        parts = [
            asdict(model.contributions(each.features, adjustment))
            for each, adjustment in zip(receipt.scored, points, strict=True)
        ]
        yield {
            "receipt": base64.b64encode(made).decode() or None,
            "shown": [clip.hex() for clip in layout.decode(made).clips] if made else [],
            "finals": replay.finals(receipt, model),
            "contributions": [each | {"features": list(each["features"])} for each in parts],
            "problems": [each.code for each in replay.check(receipt, model, policy)],
        }


def with_another_score(data: bytes) -> bytes:
    """Return a receipt in which one candidate has more points than its features give."""
    receipt = layout.decode(data)
    first, *others = receipt.scored
    return layout.encode(replace(receipt, scored=(replace(first, pre=first.pre + 1), *others)))
