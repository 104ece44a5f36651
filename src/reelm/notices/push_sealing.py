"""What a device is told, sealed so that only its browser opens it (RFC 8291), and who says so (RFC 8292).

Inside: JSON, filled up with spaces to one length. No text for people: the device says it, in its own language. A name
is in it only if the person chose to be shown names.
"""

import base64
import datetime as dt
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from reelm.border.service import PLAIN_BYTES

TOKEN_HOURS = 12
AUTH_BYTES = 16


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of a push. `counts` is a digest's; `name` and `handle` are of who did it."""

    v: int
    kind: str
    about: str = ""
    number: int = 1
    name: str = ""
    handle: str = ""
    counts: dict[str, int] = {}


class Device(msgspec.Struct, frozen=True):
    """A browser's subscription, opened."""

    endpoint: str
    p256dh: bytes
    auth: bytes


def device_keys(p256dh: str, auth: str) -> tuple[bytes, bytes]:
    """Read a browser's keys. Raises ValueError for what isn't a point of the curve and 16 bytes."""
    point, secret = _bytes(p256dh), _bytes(auth)
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    if len(point) != 65 or len(secret) != AUTH_BYTES:
        raise ValueError("not the keys of a push subscription")
    return point, secret


def seal(told: Told, device: Device) -> bytes:
    """Seal what a device is told; every sealed message has the same length."""
    import http_ece

    plain = msgspec.json.encode(told)
    if len(plain) > PLAIN_BYTES:
        # A name of many marks: told without it.
        plain = msgspec.json.encode(msgspec.structs.replace(told, name="", handle="", counts={}))
    sealed: bytes = http_ece.encrypt(
        plain.ljust(PLAIN_BYTES),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=device.p256dh,
        auth_secret=device.auth,
        version="aes128gcm",
    )
    return sealed


def authorization(key: ec.EllipticCurvePrivateKey, endpoint: str, sender: str, now: dt.datetime) -> str:
    """Return the header that tells a push service who sends."""
    from py_vapid import Vapid02

    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + dt.timedelta(hours=TOKEN_HOURS)).timestamp()),
        "sub": sender,
    }
    # A realm at home has no https address, and says so: the library would have none of it.
    said: str = Vapid02(key, conf={"no-strict": True}).sign(claims)["Authorization"]
    return said


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", validate=True)
    except ValueError as error:
        raise ValueError("not base64url") from error
