"""Another realm's border, as a process of its own: it signs and sends what it is told to, well or badly.

It uses nothing of this repository: the signature's base is put together by hand from RFC 9421. One JSON object a line
comes in, says what to send, and is answered by one line: `{"status", "headers", "body"}`, or `{"error"}`.
"""

import base64
import datetime as dt
import hashlib
import json
import socket
import sys
import time
from email.utils import format_datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

COVERED = ["@method", "@target-uri", "date", "content-digest", "content-type", "reelm-batch"]


def signed(asked: dict[str, Any], body: bytes) -> dict[str, str]:
    """Return the headers of a delivery, signed as `asked["sign"]` says."""
    how = asked.get("sign") or {}
    now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=how.get("shift", 0))
    headers = {"date": format_datetime(now.replace(microsecond=0), usegmt=True)}
    if asked["method"] == "POST":
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers |= {
            "content-type": "application/activity+json",
            "content-digest": f"sha-256=:{digest}:",
            "reelm-batch": asked.get("batch", ""),
        }
    headers |= how.get("instead", {})
    if asked.get("sign") is None:
        return headers
    covered = how.get("covered") or [each for each in COVERED if each[0] == "@" or each in headers]
    created = int(now.timestamp())
    listed = " ".join(f'"{each}"' for each in covered)
    parameters = (
        f'({listed});created={created};keyid="{how["name"]}";alg="ed25519"'
        f";expires={created + how.get('lives', 300)}"
    )
    values = {"@method": asked["method"], "@target-uri": how.get("target") or asked["url"], **headers}
    lines = [f'"{each}": {values[each]}' for each in covered] + [f'"@signature-params": {parameters}']
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(how["seed"]))
    signature = base64.b64encode(key.sign("\n".join(lines).encode())).decode()
    return {**headers, "signature-input": f"a={parameters}", "signature": f"a=:{signature}:"}


def message(asked: dict[str, Any]) -> bytes:
    """Return the bytes of the request."""
    body = base64.b64decode(asked.get("body", ""))
    headers = signed(asked, body)
    sent = base64.b64decode(asked["sent"]) if "sent" in asked else body
    if asked["method"] == "POST":
        headers["content-length"] = str(len(sent))
    headers |= {"host": asked["url"].split("/")[2], **asked.get("headers", {})}
    path = "/" + asked["url"].split("/", 3)[3]
    lines = [f"{asked['method']} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + sent


def answer(connection: socket.socket, left: bytearray) -> dict[str, Any]:
    """Read one answer; what is read beyond it stays in `left`."""
    got = bytes(left)
    while b"\r\n\r\n" not in got:
        piece = connection.recv(65536)
        if not piece:
            return {"error": "ended"}
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        piece = connection.recv(65536)
        if not piece:
            return {"error": "cut"}
        body += piece
    length = int(headers.get("content-length", "0"))
    left[:], body = body[length:], body[:length]
    return {
        "status": int(first.split(" ")[1]),
        "headers": headers,
        "body": base64.b64encode(body).decode(),
    }


def send(asked: dict[str, Any]) -> dict[str, Any]:
    """Send one request. `raw` is sent as it is; `drip` sends byte by byte; `cut` ends after so many bytes.

    `times`: the same one that often, without waiting; the first answer that differs is told.
    """
    data = base64.b64decode(asked["raw"]) if "raw" in asked else message(asked)
    data *= asked.get("times", 1)
    host, _, port = asked["url"].split("/")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=asked.get("patience", 20)) as connection:
        try:
            if "drip" in asked:
                for at in range(len(data)):
                    connection.sendall(data[at : at + 1])
                    time.sleep(asked["drip"])
            elif "cut" in asked:
                connection.sendall(data[: asked["cut"]])
                connection.shutdown(socket.SHUT_WR)
            else:
                connection.sendall(data)
        except OSError:
            pass
        left = bytearray()
        said = answer(connection, left)
        for _ in range(asked.get("times", 1) - 1):
            again = answer(connection, left)
            if again.get("status") != said.get("status"):
                return {**again, "first": said.get("status")}
        return said


def main() -> None:
    for line in sys.stdin:
        try:
            said = send(json.loads(line))
        except OSError as error:
            said = {"error": type(error).__name__}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
