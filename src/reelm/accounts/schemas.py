"""What goes in and out of the accounts room."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

AgeBand = Literal["under16", "16to17", "adult"]
AccountRole = Literal["person", "operator"]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
DisplayName = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Bio = Annotated[str, msgspec.Meta(max_length=300)]
Handle = Annotated[str, msgspec.Meta(max_length=40)]
Language = Annotated[str, msgspec.Meta(pattern="^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$", max_length=20)]
Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
Contact = Annotated[str, msgspec.Meta(max_length=254)]


class PersonCard(msgspec.Struct, frozen=True):
    """The little of a person that stands beside what they made.

    `realm` names the realm that is this person's home; null for the people of this one.
    """

    handle: str
    display_name: str
    avatar_url: str | None
    realm: str | None = None


class PersonCounts(msgspec.Struct, frozen=True):
    """Public counts. `likes`: how many likes the person's clips got."""

    followers: int
    following: int
    clips: int
    likes: int


class PersonRecord(msgspec.Struct, frozen=True):
    """A person's public row, as other rooms read it."""

    id: UUID
    handle: str
    display_name: str
    bio: str
    avatar_url: str | None
    private: bool
    counts: PersonCounts
    created_at: dt.datetime
    realm: str | None = None

    def card(self) -> PersonCard:
        return PersonCard(self.handle, self.display_name, self.avatar_url, self.realm)


class Me(msgspec.Struct, frozen=True):
    """Everything about oneself, opened with one's own key."""

    id: UUID
    handle: str
    display_name: str
    bio: str
    avatar_url: str | None
    language: str
    country: str
    birth_date: dt.date
    age_band: AgeBand
    private: bool
    email: str | None
    phone: str | None
    role: AccountRole
    counts: PersonCounts
    created_at: dt.datetime


class PasskeyAnswerIn(msgspec.Struct, frozen=True):
    """A browser's answer to a WebAuthn challenge."""

    challenge_id: UUID
    credential: dict[str, Any]


class SignUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new account: a handle, a password or a passkey, and what the law needs."""

    handle: Handle
    birth_date: dt.date
    country: Country
    language: Language
    password: Password | None = None
    passkey: PasskeyAnswerIn | None = None
    display_name: DisplayName | None = None
    email: Contact | None = None
    phone: Contact | None = None
    invitation: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Handle and password, or a passkey."""

    handle: Handle | None = None
    password: Password | None = None
    passkey: PasskeyAnswerIn | None = None


class SignedInOut(msgspec.Struct, frozen=True):
    """A session that has just begun; `token` is a bearer token, also set as a cookie."""

    token: str
    expires_at: dt.datetime
    person: Me


class MeChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person may change about themselves; what is left out stays."""

    display_name: DisplayName | msgspec.UnsetType = msgspec.UNSET
    bio: Bio | msgspec.UnsetType = msgspec.UNSET
    language: Language | msgspec.UnsetType = msgspec.UNSET
    country: Country | msgspec.UnsetType = msgspec.UNSET
    private: bool | msgspec.UnsetType = msgspec.UNSET
    email: Contact | msgspec.UnsetType | None = msgspec.UNSET
    phone: Contact | msgspec.UnsetType | None = msgspec.UNSET


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password; `current` may be left out by someone who answers with a passkey."""

    new: Password
    current: Password | None = None
    passkey: PasskeyAnswerIn | None = None


class SessionOut(msgspec.Struct, frozen=True):
    """One place where the person is signed in."""

    id: UUID
    created_at: dt.datetime
    last_seen_at: dt.datetime
    client: str
    current: bool


class SessionsOut(msgspec.Struct, frozen=True):
    """All places where the person is signed in."""

    items: list[SessionOut]


class PasskeyOptionsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom the first passkey shall be."""

    handle: Handle


class ProofIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That it is still the same person: their password, or a fresh passkey answer."""

    password: Password | None = None
    passkey: PasskeyAnswerIn | None = None


class ChallengeOut(msgspec.Struct, frozen=True):
    """WebAuthn options for the browser, and the id to answer with."""

    challenge_id: UUID
    options: dict[str, Any]


class PasskeyOut(msgspec.Struct, frozen=True):
    """One passkey."""

    id: UUID
    label: str
    created_at: dt.datetime


class PasskeysOut(msgspec.Struct, frozen=True):
    """All passkeys."""

    items: list[PasskeyOut]


class PasskeyNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One more passkey."""

    challenge_id: UUID
    credential: dict[str, Any]
    label: Annotated[str, msgspec.Meta(max_length=60)] = ""
