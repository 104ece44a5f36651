"""Where lasting addresses of people, clips and comments lead: the network's zone sends browsers here, by path.

They name things by id, which stays when a handle changes; the pages that people share are elsewhere.
"""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from reelm.accounts.service import AccountsService
from reelm.comments.service import CommentsService
from reelm.kit.database import Database
from reelm.kit.errors import NotFoundError
from reelm.kit.http import parse_id


def answer(body: bytes, status: int = 200) -> Response[bytes]:
    """Make the response that carries the app's page."""
    headers = {"cache-control": "no-cache"}
    return Response(body, status_code=status, media_type="text/html; charset=utf-8", headers=headers)


def lasting_addresses(page: bytes) -> list[HTTPRouteHandler]:
    """Return the handlers; `page` is the app's, which says kindly that there is nothing."""

    @get("/people/{person_id:str}", include_in_schema=False)
    async def person_address(
        person_id: str, database: Database, accounts: AccountsService
    ) -> Response[bytes]:
        try:
            async with database.transaction() as uow:
                person = await accounts.get_by_id(uow, parse_id(person_id))
        except NotFoundError:
            return answer(page, 404)
        return _leads_to(f"/@{person.handle}")

    @get("/clips/{clip_id:str}", include_in_schema=False, sync_to_thread=False)
    def clip_address(clip_id: str) -> Response[bytes]:
        try:
            return _leads_to(f"/c/{parse_id(clip_id)}")
        except NotFoundError:
            return answer(page, 404)

    @get("/comments/{comment_id:str}", include_in_schema=False)
    async def comment_address(
        comment_id: str, database: Database, comments: CommentsService
    ) -> Response[bytes]:
        try:
            async with database.transaction() as uow:
                return _leads_to(f"/c/{await comments.clip_of(uow, parse_id(comment_id))}")
        except NotFoundError:
            return answer(page, 404)

    return [person_address, clip_address, comment_address]


def _leads_to(path: str) -> Response[bytes]:
    return Response(b"", status_code=307, headers={"location": path, "cache-control": "no-cache"})
