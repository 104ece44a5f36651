"""HTTP of the search room."""

from typing import Annotated, Any

from litestar import Request, Router, get
from litestar.params import Parameter, QueryParameter

from reelm.accounts.service import Visitor
from reelm.kit.database import UnitOfWork
from reelm.kit.http import SIGNED_IN, problems
from reelm.kit.pages import PAGE_DEFAULT, PAGE_LIMIT
from reelm.search.schemas import (
    SearchResults,
    SearchType,
    SuggestionKind,
    Suggestions,
    TagCount,
    Trending,
)
from reelm.search.service import SearchService

Typed = Annotated[
    str, Parameter(max_length=200, description="What was typed; any script, mistakes forgiven.")
]


def _language(request: Request[Any, Any, Any]) -> str:
    """Return the first language of the request (RFC 9110 §12.5.4), empty if it names none."""
    first = request.headers.get("accept-language", "").split(",")[0].split(";")[0].strip()
    return "" if first == "*" else first[:20].lower()


@get("/search", responses=problems(*SIGNED_IN), tags=["search"])
async def search_everything(
    request: Request[Any, Any, Any],
    guest: Visitor | None,
    uow: UnitOfWork,
    search: SearchService,
    q: Typed = "",
    what: Annotated[SearchType, QueryParameter(name="type")] = "all",
    limit: Annotated[int, Parameter(ge=1, le=PAGE_LIMIT)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> SearchResults:
    """Find people, clips, sounds and tags. A cursor goes on with one `type`."""
    return await search.search(uow, guest, q, what, _language(request), limit, cursor)


@get("/search/suggestions", responses=problems(*SIGNED_IN), tags=["search"])
async def suggest(
    guest: Visitor | None,
    uow: UnitOfWork,
    search: SearchService,
    q: Typed = "",
    kind: SuggestionKind | None = None,
) -> Suggestions:
    """Complete a handle (`person`), a tag, or what is typed into the search box."""
    return await search.suggest(uow, guest, q, kind)


@get("/trending", responses=problems(*SIGNED_IN), tags=["search"])
async def get_trending(guest: Visitor | None, uow: UnitOfWork, search: SearchService) -> Trending:
    """Say what is in fashion these seven days: the same for everyone, as far as they may see it."""
    return await search.trending(uow, guest)


@get("/tags/{tag:str}", responses=problems(), tags=["search"])
async def get_tag(tag: str, search: SearchService) -> TagCount:
    """Return how many public clips carry a tag."""
    return await search.tag(tag)


router = Router("/api/v1", route_handlers=[search_everything, suggest, get_trending, get_tag])
