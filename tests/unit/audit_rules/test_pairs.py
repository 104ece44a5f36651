"""Two ledgers that speak of each other: what both tell alike is counted, each difference is found under its name."""

from collections.abc import Callable

import pytest
from tests.factories.ledger_border import BorderLife
from tests.factories.ledgers import Script, fields_of

from reelm_audit.findings import Severity
from reelm_audit.pairing import Side, matched
from reelm_audit.rules.minutes import DAY, HOUR


class Two:
    """Realms `us` and `world`, each with a ledger, in one time."""

    def __init__(self) -> None:
        self.us, self.world = Script(seed=1), Script(seed=2)
        self.sender, self.receiver = BorderLife(self.us), BorderLife(self.world)

    def wait(self, minutes: int) -> None:
        self.us.wait(minutes)
        self.world.wait(minutes)

    def send(self, **received: int) -> str:
        index, root = self.sender.cross("world")
        self.receiver.receive(root, "us", **{"entry": index, **received})
        return root

    def sides(self) -> list[Side]:
        return [
            Side(name).take((n, fields_of(data)) for n, data in enumerate(script.entries))
            for name, script in (("us", self.us), ("world", self.world))
        ]


def test_what_both_tell_alike_is_counted() -> None:
    two = Two()
    for _ in range(5):
        two.send()
        two.wait(1)
    two.wait(2 * DAY)
    two.us.export(), two.world.export()
    matches, findings = matched(two.sides())
    assert findings == []
    assert [(m.sender, m.receiver, m.deliveries, m.objects) for m in matches] == [("us", "world", 5, 15)]


def _never_sent(two: Two) -> None:
    two.receiver.receive(peer="us")
    two.wait(HOUR)
    two.us.export()


def _other_entry(two: Two) -> None:
    two.send(entry=1)


def _fewer(two: Two) -> None:
    two.send(count=2)


def _shorter(two: Two) -> None:
    two.send(bytes=4_199)


def _early(two: Two) -> None:
    two.wait(HOUR)
    index, root = two.sender.cross("world")
    two.world.minute -= 30
    two.receiver.receive(root, "us", entry=index)
    two.world.minute += 30


def _lost(two: Two) -> None:
    two.sender.cross("world")
    two.wait(2 * DAY)
    two.world.export()


@pytest.mark.parametrize(
    ("plant", "code", "severity"),
    [
        (_never_sent, "pair.never-sent", Severity.VIOLATION),
        (_other_entry, "pair.entry-differs", Severity.VIOLATION),
        (_fewer, "pair.counts-differ", Severity.VIOLATION),
        (_shorter, "pair.counts-differ", Severity.VIOLATION),
        (_early, "pair.released-early", Severity.VIOLATION),
        (_lost, "pair.never-arrived", Severity.NOTE),
    ],
)
def test_each_difference_is_found_and_named(
    plant: Callable[[Two], None], code: str, severity: Severity
) -> None:
    two = Two()
    two.send()
    plant(two)
    _, findings = matched(two.sides())
    assert [(finding.code, finding.severity) for finding in findings] == [(code, severity)]


def test_what_was_sent_a_moment_ago_is_not_missed() -> None:
    two = Two()
    two.sender.cross("world")
    two.wait(10)
    two.world.export()
    assert matched(two.sides()) == ([], [])
