"""Addresses of media files as one viewer gets them: lasting for public clips, signed and short for all others.

A signed address holds an expiry and a MAC over clip and expiry. The MAC's key is derived from the viewer's own
session token, which only that viewer's requests carry: the address opens nothing for anybody else, nor for the
same person after the session ended. It is no permission by itself either: whoever asks is still checked against
the clip's row, and the bytes are sealed.
"""

import base64
import hashlib
import hmac
import re
from typing import Literal
from uuid import UUID

from reelm.accounts.service import Visitor
from reelm.kit.clock import Clock

LIFE_SECONDS = 1800
STEP_SECONDS = 300
FILE = re.compile(r"[0-9a-f]{64}\.(mp4|m4a|jpg|webp|avif|m3u8)")
_MAC_BYTES = 18
_IN_PLAYLIST = re.compile(r"[0-9a-f]{64}\.(?:mp4|m3u8)")


def _mac(token: str, clip_id: UUID, expiry: int) -> str:
    key = hashlib.sha256(b"reelm media address\0" + token.encode()).digest()
    digest = hmac.new(key, clip_id.bytes + expiry.to_bytes(8, "big"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:_MAC_BYTES]).decode()


def query(clip_id: UUID, token: str, clock: Clock) -> str:
    """Return `exp=…&sig=…`, the same for a few minutes, so that a client's cache of addresses holds."""
    now = int(clock.now().timestamp())
    expiry = (now // STEP_SECONDS) * STEP_SECONDS + LIFE_SECONDS
    return f"exp={expiry}&sig={_mac(token, clip_id, expiry)}"


def check(
    clip_id: UUID, token: str, expiry: str, signature: str, clock: Clock
) -> Literal["good", "late", "bad"]:
    """Say whether the signature was made for this session, and whether it is still in time."""
    if not expiry.isdigit() or len(expiry) > 12:
        return "bad"
    if not hmac.compare_digest(_mac(token, clip_id, int(expiry)).encode(), signature.encode()):
        return "bad"
    return "good" if int(expiry) > clock.now().timestamp() else "late"


class Addresses:
    """Makes addresses for one viewer."""

    def __init__(self, viewer: Visitor | None, clock: Clock) -> None:
        self._viewer = viewer
        self._clock = clock

    @property
    def signed_in(self) -> bool:
        """Whether there is a viewer whom sealed files could be shown to."""
        return self._viewer is not None

    def of(self, clip_id: UUID, file: str, *, sealed: bool) -> str:
        """Return the address of a clip's file; the signed kind for a sealed clip."""
        if not sealed:
            return f"/media/public/{clip_id}/{file}"
        if self._viewer is None:
            # Nobody signed out is shown a sealed clip; should it happen, the address leads nowhere.
            return f"/media/sealed/{clip_id}/{file}"
        return f"/media/sealed/{clip_id}/{file}?{query(clip_id, self._viewer.token, self._clock)}"


def signed_playlist(playlist: str, signature: str) -> str:
    """Give every file that a sealed clip's playlist names the signature that the playlist came with."""
    return _IN_PLAYLIST.sub(lambda found: f"{found.group()}?{signature}", playlist)
