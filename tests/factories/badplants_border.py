"""What is planted at the border and at sites: each function breaks one rule, in a script that keeps all others."""

from tests.factories.ledger_border import BorderLife
from tests.factories.ledgers import Script

from reelm_audit.rules.minutes import DAY, HOUR, text_of
from reelm_audit.tlog.note import Ed25519Signer


def _crossing(s: Script, *, member: bool = True, **line: object) -> BorderLife:
    """An hour with one delivery of the given kind in it, accounted for."""
    border = BorderLife(s).hour()
    s.wait(10)
    border.cross(member=member, **line)
    s.wait(HOUR - 10)
    border.account()
    return border


def phone_number(s: Script) -> object:
    return _crossing(s, classes=["identity", "public"])


def friends_published(s: Script) -> object:
    return _crossing(s, classes=["public", "social"])


def to_a_stranger(s: Script) -> object:
    return _crossing(s, member=False)


def for_advertising(s: Script) -> object:
    return _crossing(s, purpose="advertising")


def closed_border(s: Script) -> object:
    border = BorderLife(s, borders="")
    s.wait(HOUR - s.minute % HOUR)
    border.cross()
    s.wait(HOUR)
    return border.account()


def told_twice(s: Script) -> object:
    border = BorderLife(s).hour()
    root = s.digest()
    border.receive(root)
    return border.receive(root)


def refused_more(s: Script) -> object:
    return BorderLife(s).receive(count=2, refused=3)


def uncounted(s: Script) -> object:
    border = BorderLife(s).hour()
    s.wait(5)
    border.cross()
    s.wait(5 * HOUR)
    return border


def half_an_hour(s: Script) -> object:
    border = BorderLife(s).hour()
    return border.account(hour=text_of(s.minute - s.minute % HOUR - HOUR // 2))


def hour_again(s: Script) -> object:
    border = BorderLife(s).hour()
    return border.account()


def counted_more(s: Script) -> object:
    border = BorderLife(s).hour()
    s.wait(10)
    border.cross()
    s.wait(HOUR - 10)
    return border.account(more=2)


def other_border(s: Script) -> object:
    border = BorderLife(s).hour()
    s.wait(HOUR)
    return border.account(Ed25519Signer("home.border", s.secret()))


def forged_account(s: Script) -> object:
    border = BorderLife(s).hour()
    s.wait(HOUR)
    imposter = Ed25519Signer("home.border", s.secret())
    return border.account(imposter, border=border.key.vkey)


def somewhere_else(s: Script) -> object:
    return BorderLife(s).state(site="A cupboard abroad")


def moved_house(s: Script) -> object:
    return BorderLife(s).state(country="BE")


def other_signer(s: Script) -> object:
    return BorderLife(s).state(Ed25519Signer("stranger.example", s.secret()))


def forged_statement(s: Script) -> object:
    border = BorderLife(s)
    return border.state(Ed25519Signer("harbour.example", s.secret()), signer=border.signer.vkey)


def silent_site(s: Script) -> object:
    BorderLife(s).state()
    s.wait(3 * DAY)
    return s.export()
