"""One build, any edition: what a charter says of looks is in the page, and can be nothing else there."""

import json
from html.parser import HTMLParser

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reelm.entrypoints.edition import manifest_of, mark_of, page_of
from reelm.realm.service import RealmService

PAGE = (
    b'<!doctype html><html><head><title>Reelm</title><meta name="theme-color" content="#12100e" />'
    b'<link rel="apple-touch-icon" href="/icons/mark-192.png" /></head><body><noscript>Reelm</noscript></body></html>'
)
OWN = RealmService.default().edition
DRAWN = msgspec.structs.replace(OWN, name="Kinora", mark="M0 0h64v64z", accent="#5fd0c5", theme="#0b2426")


class _Seen(HTMLParser):
    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def meta(self, name: str) -> str:
        return next(a["content"] or "" for tag, a in self.elements if tag == "meta" and a.get("name") == name)


def test_the_page_carries_its_edition() -> None:
    page = page_of(PAGE, DRAWN)
    seen = _Seen(page)
    assert seen.meta("application-name") == "Kinora"
    assert seen.meta("theme-color") == "#0b2426"
    assert json.loads(seen.meta("edition"))["mark"] == "M0 0h64v64z"
    assert b"--accent:#5fd0c5" in page
    assert b"Reelm" not in page
    assert b"apple-touch-icon" not in page
    assert b"apple-touch-icon" in page_of(PAGE, OWN)


def test_manifest_and_icon_are_the_editions() -> None:
    manifest = json.dumps(
        {"name": "Reelm", "short_name": "Reelm", "icons": [{"src": "/icons/mark-192.png"}]}
    ).encode()
    told = json.loads(manifest_of(manifest, DRAWN))
    assert (told["name"], told["short_name"], told["theme_color"]) == ("Kinora", "Kinora", "#0b2426")
    assert [icon["src"] for icon in told["icons"]] == ["/icons/mark.svg"]
    assert json.loads(manifest_of(manifest, OWN))["icons"] == [{"src": "/icons/mark-192.png"}]
    assert b"M0 0h64v64z" in mark_of(b"<svg/>", DRAWN)
    assert mark_of(b"<svg/>", OWN) == b"<svg/>"


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_a_charter_says_it_adds_no_element_to_the_page(name: str, colour: str, mark: str) -> None:
    """The charter's checks refuse most of it; the page doesn't rely on that."""
    edition = msgspec.structs.replace(OWN, name=name, accent=colour, theme=colour, mark=mark)
    seen = _Seen(page_of(PAGE, edition))
    tags = [tag for tag, _ in seen.elements]
    assert tags[:7] == ["html", "head", "title", "meta", "meta", "style", "meta"]
    assert set(tags) <= {"html", "head", "title", "meta", "style", "link", "body", "noscript"}
    assert json.loads(seen.meta("edition"))["name"] == name
