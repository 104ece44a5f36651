"""What is planted in bad realms about ranking: each function breaks one rule, in a script that keeps all others."""

from tests.factories.ledgers import Script


def _serving(script: Script) -> Script:
    script.feed.begin()
    script.wait(25)
    return script


def _stop(script: Script) -> None:
    script.feed.serves = False


def skipped_batch(script: Script) -> None:
    """One is made, and not logged: the next names it."""
    _serving(script)
    script.feed.serve()
    script.entries.pop()
    script.feed.batch -= 1
    script.wait(3)
    _stop(script)


def exchanged_batch(script: Script) -> None:
    _serving(script)
    script.feed.serve(previous=script.digest())
    script.wait(3)
    _stop(script)


def batch_again(script: Script) -> None:
    _serving(script)
    last = script.feed.batch
    script.feed.serve(batch=last)
    script.wait(2)
    _stop(script)


def backdated_batch(script: Script) -> None:
    """A realm that was late writes the earlier time on it."""
    _serving(script)
    script.feed.serves = False
    script.wait(5)
    script.feed.serve()


def skipped_model(script: Script) -> None:
    _serving(script).feed.change(previous=script.digest())
    _stop(script)


def secret_model(script: Script) -> None:
    _serving(script).feed.change(model=script.digest())
    _stop(script)


def secret_rules(script: Script) -> None:
    _serving(script).feed.change(policy=script.digest())
    _stop(script)


def skipped_list(script: Script) -> None:
    _serving(script).feed.adjust()
    script.feed.adjust(previous=script.digest())
    _stop(script)


def false_count(script: Script) -> None:
    _serving(script).feed.adjust(count=2)
    script.feed.adjust(count=0, root=script.digest())
    _stop(script)


def earlier_snapshot(script: Script) -> None:
    _serving(script).feed.snapshot()
    script.feed.snapshot(seq=script.feed.seq - 2)
    _stop(script)


def lists_again(script: Script) -> None:
    _serving(script).feed.lists()
    _stop(script)


def broken_promise_key(script: Script) -> None:
    _serving(script).append("promise.key", vkey="realm.example/ledger+00000000+AAAA")
    _stop(script)
