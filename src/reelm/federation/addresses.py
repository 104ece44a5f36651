"""Public addresses of what this realm's people make: they name things everywhere, and stay when a realm moves."""

from typing import Literal, NamedTuple
from uuid import UUID

from reelm.realm.service import RealmService
from reelm.settings import Settings

Kind = Literal["person", "clip", "comment"]
_FOLDERS: dict[str, Kind] = {"people": "person", "clips": "clip", "comments": "comment"}


class Addresses(NamedTuple):
    """How this realm is called: `ids` begins every address of its own, `border` is where its files are fetched."""

    realm: str
    ids: str
    web: str
    border: str

    @classmethod
    def of(cls, realm: RealmService, settings: Settings) -> "Addresses":
        """Take them from the charter, and from the settings where it says nothing."""
        document = realm.document
        ids = document.ids or f"{settings.web.origin}/ap"
        web, border = document.web or settings.web.origin, document.border or settings.border_url
        return cls(document.realm, ids.rstrip("/"), web.rstrip("/"), border.rstrip("/"))

    def person(self, person_id: UUID) -> str:
        return f"{self.ids}/people/{person_id}"

    def clip(self, clip_id: UUID) -> str:
        return f"{self.ids}/clips/{clip_id}"

    def comment(self, comment_id: UUID) -> str:
        return f"{self.ids}/comments/{comment_id}"

    def of_thing(self, kind: Kind, thing_id: UUID) -> str:
        return {"person": self.person, "clip": self.clip, "comment": self.comment}[kind](thing_id)

    def file(self, clip_id: UUID, name: str) -> str:
        """Where another realm's border fetches a public clip's file."""
        return f"{self.border}/media/{clip_id}/{name}"

    def avatar(self, name: str) -> str:
        return f"{self.border}/media/avatars/{name}"

    def own(self, uri: object) -> tuple[Kind, UUID] | None:
        """Return what an address of this realm names; None for any other address."""
        if not isinstance(uri, str) or not uri.startswith(self.ids + "/"):
            return None
        folder, _, name = uri.removeprefix(self.ids + "/").partition("/")
        try:
            thing_id = UUID(name)
        except ValueError:
            return None
        return (_FOLDERS[folder], thing_id) if folder in _FOLDERS and str(thing_id) == name else None
