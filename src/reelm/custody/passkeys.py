"""Passkeys (WebAuthn level 3): options, verification, and challenges that work once.

Challenges are kept in memory, at most 20,000 of them for five minutes: asking for options needs no sign-in, so a
durable row per question would let strangers wear out the disk. A restart of the keys process therefore ends
ceremonies that are under way, and the person tries again.
"""

import datetime as dt
import hashlib
import json
import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from reelm.custody.errors import PasskeyRefusedError
from reelm.custody.schemas import Challenge, PasskeyAnswer
from reelm.kit.clock import Clock
from reelm.kit.ids import Ids

CHALLENGE_TTL = dt.timedelta(minutes=5)
_REMEMBERED = 20_000
Ceremony = Literal["sign_up", "add", "sign_in"]


class StoredPasskey(msgspec.Struct, frozen=True):
    """What is sealed in the store about one passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    label: str
    synced: bool

    def __repr__(self) -> str:
        return "<StoredPasskey>"


@dataclass(frozen=True)
class RelyingParty:
    """This realm as the browser knows it: the host name and the exact origins of its pages."""

    rp_id: str
    name: str
    origins: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class _Pending:
    ceremony: Ceremony
    person_id: UUID | None
    session_id: UUID | None
    challenge: bytes
    expires_at: dt.datetime


def credential_hash(credential_id: bytes) -> bytes:
    """What the store looks a credential up by."""
    return hashlib.sha256(credential_id).digest()


class Passkeys:
    """Runs the ceremonies of one relying party; knows nothing of the store."""

    def __init__(self, party: RelyingParty, clock: Clock, ids: Ids) -> None:
        self._party = party
        self._clock = clock
        self._ids = ids
        self._pending: OrderedDict[UUID, _Pending] = OrderedDict()

    def _remember(
        self, ceremony: Ceremony, person_id: UUID | None, session_id: UUID | None
    ) -> tuple[UUID, bytes]:
        challenge_id, challenge = self._ids.new(), os.urandom(32)
        expires_at = self._clock.now() + CHALLENGE_TTL
        self._pending[challenge_id] = _Pending(ceremony, person_id, session_id, challenge, expires_at)
        while len(self._pending) > _REMEMBERED:
            self._pending.popitem(last=False)
        return challenge_id, challenge

    def _take(self, challenge_id: UUID, ceremony: Ceremony, session_id: UUID | None) -> _Pending:
        """Use a challenge up, whatever comes of it. Raises PasskeyRefusedError."""
        pending = self._pending.pop(challenge_id, None)
        if pending is None or self._clock.now() >= pending.expires_at:
            raise PasskeyRefusedError
        if pending.ceremony != ceremony or pending.session_id != session_id:
            raise PasskeyRefusedError
        return pending

    def registration_options(
        self, person_id: UUID, session_id: UUID | None, name: str, display_name: str, known: list[bytes]
    ) -> Challenge:
        """Options for a new passkey: at sign-up (no session), or one more for a session."""
        ceremony: Ceremony = "sign_up" if session_id is None else "add"
        challenge_id, challenge = self._remember(ceremony, person_id, session_id)
        options = generate_registration_options(
            rp_id=self._party.rp_id,
            rp_name=self._party.name,
            user_id=person_id.bytes,
            user_name=name,
            user_display_name=display_name or name,
            challenge=challenge,
            timeout=int(CHALLENGE_TTL.total_seconds() * 1000),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in known],
        )
        return Challenge(challenge_id, json.loads(options_to_json(options)))

    def sign_in_options(self) -> Challenge:
        """Options for signing in with whichever passkey the device has."""
        challenge_id, challenge = self._remember("sign_in", None, None)
        options = generate_authentication_options(
            rp_id=self._party.rp_id,
            challenge=challenge,
            timeout=int(CHALLENGE_TTL.total_seconds() * 1000),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return Challenge(challenge_id, json.loads(options_to_json(options)))

    def verify_registration(
        self, answer: PasskeyAnswer, session_id: UUID | None, label: str
    ) -> tuple[UUID, StoredPasskey]:
        """Return the person the challenge was made for, and the passkey. Raises PasskeyRefusedError."""
        pending = self._take(answer.challenge_id, "sign_up" if session_id is None else "add", session_id)
        try:
            verified = verify_registration_response(
                credential=answer.credential,
                expected_challenge=pending.challenge,
                expected_rp_id=self._party.rp_id,
                expected_origin=list(self._party.origins),
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            raise PasskeyRefusedError from None
        if pending.person_id is None:
            raise PasskeyRefusedError
        return pending.person_id, StoredPasskey(
            verified.credential_id,
            verified.credential_public_key,
            verified.sign_count,
            label[:100],
            verified.credential_backed_up,
        )

    def take_sign_in(self, answer: PasskeyAnswer) -> tuple[bytes, bytes]:
        """Use up a sign-in challenge; return it and the credential id that claims to answer it."""
        pending = self._take(answer.challenge_id, "sign_in", None)
        raw: Any = answer.credential.get("rawId") or answer.credential.get("id")
        try:
            return pending.challenge, base64url_to_bytes(raw)
        except (ValueError, TypeError, AttributeError):
            raise PasskeyRefusedError from None

    def verify_sign_in(
        self, answer: PasskeyAnswer, challenge: bytes, person_id: UUID, stored: StoredPasskey
    ) -> StoredPasskey:
        """Check the signature; return the passkey with its new counter. Raises PasskeyRefusedError.

        WebAuthn §7.2: step 6, the user handle names the owner; step 22, a counter that runs backwards is a clone.
        """
        try:
            response = answer.credential.get("response") or {}
            handle = response.get("userHandle")
            if handle and base64url_to_bytes(handle) != person_id.bytes:
                raise PasskeyRefusedError
            verified = verify_authentication_response(
                credential=answer.credential,
                expected_challenge=challenge,
                expected_rp_id=self._party.rp_id,
                expected_origin=list(self._party.origins),
                credential_public_key=stored.public_key,
                credential_current_sign_count=stored.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
            raise PasskeyRefusedError from None
        return StoredPasskey(
            stored.credential_id,
            stored.public_key,
            verified.new_sign_count,
            stored.label,
            verified.credential_backed_up,
        )
