"""The web client's built files, and the one page that every address of the app answers with.

Files under `assets/` carry a hash in their name and are cached for good; the page and the service worker are
asked for anew each time.
"""

import hashlib
import mimetypes
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from reelm.kit.errors import NotFoundError
from reelm.settings import Settings

BUILT = Path(__file__).parents[1] / "web_client"
_MISSING = (
    b"<!doctype html><title>Reelm</title><p>The web client is not built. Run <code>make client</code>, "
    b"then reload this page.</p>"
)
_FOREVER = "public, max-age=31536000, immutable"
_PATHS = [
    "/",
    "/c/{rest:str}",
    "/sounds/{rest:str}",
    "/tags/{rest:str}",
    "/search",
    "/make",
    "/make/{rest:path}",
    "/notices",
    "/me",
    "/me/{rest:path}",
    "/settings",
    "/settings/{rest:path}",
    "/sign-in",
    "/sign-up",
    "/your-data",
    "/embed/{rest:str}",
]


class ClientFiles:
    """Answers with the built client, read into memory once."""

    def __init__(self, settings: Settings, root: Path = BUILT) -> None:
        self._root = root
        self._files: dict[str, tuple[bytes, str, str]] = {}
        if root.is_dir():
            for path in sorted(p for p in root.rglob("*") if p.is_file()):
                body = path.read_bytes()
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                if path.suffix == ".webmanifest":
                    kind = "application/manifest+json"
                tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
                self._files["/" + path.relative_to(root).as_posix()] = (body, kind, tag)

    def page(self) -> bytes:
        """Return the app's one HTML page."""
        found = self._files.get("/index.html")
        return found[0] if found else _MISSING

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return the route handlers for the client's files and addresses."""

        @get([*_PATHS, "/@{rest:str}"], include_in_schema=False, media_type="text/html", sync_to_thread=False)
        def app_page() -> Response[bytes]:
            return Response(self.page(), media_type="text/html; charset=utf-8", headers={"cache-control": "no-cache"})

        def file(request: Request[Any, Any, Any]) -> Response[bytes]:
            found = self._files.get(request.url.path)
            if found is None:
                raise NotFoundError
            body, kind, tag = found
            forever = request.url.path.startswith("/assets/")
            headers = {"cache-control": _FOREVER if forever else "no-cache", "etag": tag}
            if request.headers.get("if-none-match") == tag:
                return Response(b"", status_code=304, headers=headers, media_type=kind)
            return Response(body, headers=headers, media_type=kind)

        paths = sorted(name for name in self._files if name != "/index.html")
        if not paths:
            return [app_page]
        return [app_page, get(paths, include_in_schema=False, sync_to_thread=False)(file)]
