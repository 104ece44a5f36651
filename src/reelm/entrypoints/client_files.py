"""The web client's built files, and the one page that every address of the app answers with.

Files under `assets/` carry a hash in their name and are cached for good; the page and the service worker are
asked for anew each time.
"""

import gzip
import hashlib
import mimetypes
from pathlib import Path
from typing import Any, NamedTuple

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler

from reelm.accounts.service import AccountsService
from reelm.clips.service import ClipsService
from reelm.collections.service import CollectionsService
from reelm.entrypoints.edition import MANIFEST_FILE, MARK_FILE, edition_of, manifest_of, mark_of, page_of
from reelm.entrypoints.lasting import answer, lasting_addresses
from reelm.entrypoints.previews import clip_tags, collection_tags, person_tags, with_tags
from reelm.kit.database import Database
from reelm.kit.errors import NotFoundError
from reelm.kit.http import on_http_exception, parse_id
from reelm.realm.service import RealmService
from reelm.settings import Settings

BUILT = Path(__file__).parents[1] / "web_client"
_MISSING = (
    b"<!doctype html><title>Not built</title><p>The web client is not built. Run <code>make setup</code>, "
    b"then reload this page.</p>"
)
_TEXTUAL = ("text/", "application/javascript", "application/json", "application/manifest", "image/svg")
_FOREVER = "public, max-age=31536000, immutable"
_PATHS = [
    "/",
    "/c/{clip_id:str}/reach",
    "/sounds/{rest:str}",
    "/tags/{rest:str}",
    "/search",
    "/make",
    "/make/{rest:path}",
    "/notices",
    "/messages",
    "/messages/{rest:path}",
    "/find-friends",
    "/friends",
    "/friends/{rest:path}",
    "/i/{rest:str}",
    "/collections",
    "/me",
    "/me/{rest:path}",
    "/settings",
    "/settings/{rest:path}",
    "/sign-in",
    "/sign-up",
    "/your-data",
    "/your-data/{rest:path}",
    "/where",
    "/border",
    "/charter",
    "/charter/{rest:path}",
    "/staff",
    "/staff/{rest:path}",
    "/transparency",
    "/transparency/{rest:path}",
]


class _File(NamedTuple):
    """A built file; `packed` is its gzip form where that helps."""

    body: bytes
    packed: bytes
    kind: str
    tag: str


class ClientFiles:
    """Answers with the built client as the realm's edition shows it, read into memory once."""

    def __init__(self, settings: Settings, root: Path = BUILT) -> None:
        self._origin = settings.web.origin
        edition = edition_of(settings)
        shown = {"/index.html": page_of, MANIFEST_FILE: manifest_of, MARK_FILE: mark_of}
        self._files: dict[str, _File] = {}
        if root.is_dir():
            for path in sorted(p for p in root.rglob("*") if p.is_file()):
                name = "/" + path.relative_to(root).as_posix()
                body = path.read_bytes()
                body = shown[name](body, edition) if name in shown else body
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                if path.suffix == ".webmanifest":
                    kind = "application/manifest+json"
                tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
                packed = gzip.compress(body, 9, mtime=0) if kind.startswith(_TEXTUAL) else b""
                self._files[name] = _File(body, packed, kind, tag)

    def page(self) -> bytes:
        """Return the app's one HTML page."""
        found = self._files.get("/index.html")
        return found.body if found else _MISSING

    def on_missing(self, request: Request[Any, Any, Any], error: NotFoundException) -> Response[Any]:
        """Answer for an unknown address: a browser gets the app, which says so kindly; all else a problem."""
        is_page = not request.url.path.startswith(("/api/", "/media/", "/assets/"))
        if request.method == "GET" and is_page and "text/html" in request.headers.get("accept", ""):
            return answer(self.page(), 404)
        return on_http_exception(request, error)

    def addresses(self) -> list[str]:
        """Return the route patterns of the files: one a folder, for hundreds of routes would cost megabytes."""
        names = [name for name in self._files if name != "/index.html"]
        folders = {name.split("/")[1] for name in names if name.count("/") > 1}
        return sorted(
            [
                *(name for name in names if name.count("/") == 1),
                *(f"/{each}/{{rest:path}}" for each in folders),
            ]
        )

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return the route handlers for the client's files and addresses."""
        origin, plain = self._origin, self.page()

        @get(_PATHS, include_in_schema=False, sync_to_thread=False)
        def app_page() -> Response[bytes]:
            return answer(plain)

        @get("/c/{clip_id:str}", include_in_schema=False)
        async def clip_page(
            clip_id: str, database: Database, clips: ClipsService, realm: RealmService
        ) -> Response[bytes]:
            # What a link shows to others is what the signed-out see, whoever asks.
            try:
                async with database.transaction() as uow:
                    clip = await clips.get(uow, None, parse_id(clip_id))
            except NotFoundError:
                return answer(plain)
            return answer(with_tags(plain, clip_tags(clip, origin, realm.document.edition.name)))

        @get("/collection/{collection_id:str}", include_in_schema=False)
        async def collection_page(
            collection_id: str, database: Database, collections: CollectionsService, realm: RealmService
        ) -> Response[bytes]:
            try:
                async with database.transaction() as uow:
                    found = await collections.get(uow, None, parse_id(collection_id))
            except NotFoundError:
                return answer(plain)
            return answer(with_tags(plain, collection_tags(found, origin, realm.document.edition.name)))

        @get("/{name:str}", include_in_schema=False)
        async def named_page(
            name: str, database: Database, accounts: AccountsService, realm: RealmService
        ) -> Response[bytes]:
            if not name.startswith("@"):
                return answer(plain, 404)
            try:
                async with database.transaction() as uow:
                    person = await accounts.get_by_handle(uow, name)
            except NotFoundError:
                return answer(plain, 404)
            return answer(with_tags(plain, person_tags(person, origin, realm.document.edition.name)))

        paths = self.addresses()
        pages: list[HTTPRouteHandler] = [
            app_page,
            clip_page,
            collection_page,
            named_page,
            *lasting_addresses(plain),
        ]
        if paths:

            @get(paths, include_in_schema=False, sync_to_thread=False)
            def file(request: Request[Any, Any, Any]) -> Response[bytes]:
                return self._file(request)

            pages.append(file)
        return pages

    def _file(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """Answer with one file."""
        found = self._files.get(request.url.path)
        if found is None:
            raise NotFoundException
        headers = {
            "cache-control": _FOREVER if request.url.path.startswith("/assets/") else "no-cache",
            "etag": found.tag,
            "vary": "accept-encoding",
        }
        if request.headers.get("if-none-match") == found.tag:
            return Response(b"", status_code=304, headers=headers, media_type=found.kind)
        if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(found.packed, headers=headers, media_type=found.kind)
        return Response(found.body, headers=headers, media_type=found.kind)
