"""What a realm's edition makes of the client: the page's title, colours and mark, the manifest and the icon.

One build serves every edition. The page carries the edition in a `meta` element, so that its first frame already has
its name and its colours; nothing in it is a script.
"""

import json
import re
from html import escape
from typing import Any

import msgspec

from reelm.realm.schemas import Edition
from reelm.realm.service import RealmService
from reelm.settings import Settings

THEME = "#12100e"
MARK_FILE, MANIFEST_FILE = "/icons/mark.svg", "/manifest.webmanifest"
_DRAWN = re.compile(r"M[MmLlHhVvCcSsQqTtAaZz0-9 ,.-]+")
_TITLE = re.compile(rb"<title>[^<]*</title>")
_THEME = re.compile(rb'<meta name="theme-color"[^>]*>')
_TOUCH_ICON = re.compile(rb'\s*<link rel="apple-touch-icon"[^>]*>')
_NO_SCRIPT = re.compile(rb"<noscript>[^<]*</noscript>")


def edition_of(settings: Settings) -> Edition:
    """Return the edition of the realm; the default one where there is no realm yet, as for the API's description."""
    if (settings.data / "realm.json").exists():
        return RealmService.load(settings).document.edition
    return RealmService.default().edition


def is_own_mark(edition: Edition) -> bool:
    """Say whether the edition draws its own mark; the others come with the client."""
    return _DRAWN.fullmatch(edition.mark) is not None


def page_of(page: bytes, edition: Edition) -> bytes:
    """Return the app's page as this edition shows it."""
    said = {
        "name": edition.name,
        "mark": edition.mark if is_own_mark(edition) else "",
        "languages": edition.languages,
        "default_feed": edition.default_feed,
        "default_visibility": edition.default_visibility,
    }
    head = "\n    ".join(
        [
            f"<title>{escape(edition.name)}</title>",
            f'<meta name="application-name" content="{escape(edition.name)}">',
            f'<meta name="edition" content="{escape(json.dumps(said, ensure_ascii=False))}">',
            f"<style>:root{{--accent:{_css(edition.accent)};--accent-text:{_css(edition.accent_text)}}}</style>",
        ]
    )
    page = _TITLE.sub(lambda _: head.encode(), page, count=1)
    theme = f'<meta name="theme-color" content="{escape(edition.theme or THEME)}">'
    page = _THEME.sub(lambda _: theme.encode(), page, count=1)
    if is_own_mark(edition):
        page = _TOUCH_ICON.sub(b"", page)
    words = f"{escape(edition.name)} plays video with JavaScript. Please turn it on for this site."
    return _NO_SCRIPT.sub(lambda _: f"<noscript>{words}</noscript>".encode(), page)


def manifest_of(manifest: bytes, edition: Edition) -> bytes:
    """Return the web app's manifest of this edition."""
    known: dict[str, Any] = msgspec.json.decode(manifest)
    theme = edition.theme or THEME
    known |= {
        "name": edition.name,
        "short_name": edition.name,
        "theme_color": theme,
        "background_color": theme,
    }
    if edition.languages:
        known["lang"] = edition.languages[0]
    if is_own_mark(edition):
        known["icons"] = [{"src": MARK_FILE, "sizes": "any", "type": "image/svg+xml"}]
    return json.dumps(known, ensure_ascii=False, indent=1).encode()


def mark_of(mark: bytes, edition: Edition) -> bytes:
    """Return the icon of this edition: its own drawing, or the client's in its colours."""
    if not is_own_mark(edition):
        return mark
    frame = f'<rect width="64" height="64" rx="15" fill="{escape(edition.theme or THEME)}"/>'
    drawn = f'<path fill="{escape(edition.accent)}" fill-rule="evenodd" transform="translate(9.600 9.600) scale(.7)" '
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{frame}{drawn}d="{edition.mark}"/></svg>'
    ).encode()


def _css(colour: str) -> str:
    """A colour as it may stand in a style sheet; charters with another are refused, this is the second lock."""
    return re.sub(r"[^#a-zA-Z0-9(),.%/ -]", "", colour)
