"""The demo's two desks: one asks to open somebody's data, the other answers, and the ledger tells of it.

So that the transparency pages, the auditor's report and one of the cast's page *Who opened my data* have something
to show. Everything goes the way that staff go, with two keys of the desks' own; a keyholder enrols them.
"""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reelm.entrypoints import operator, staff
from reelm.entrypoints.demo.actor import Actor
from reelm.entrypoints.demo.memory import Memory
from reelm.entrypoints.demo.people import CAST
from reelm.settings import Settings

_DESKS = (("front_desk", "Front desk", "FR"), ("night_desk", "Night desk", "NZ"))
_HELPED, _REFUSED, _TAKES = CAST[0].handle, CAST[1].handle, CAST[2].handle
_LOST = "Lost the phone that the account was made with, and asks us to say which address it is tied to."
_CURIOUS = "Would like to know what this account watches before answering its letter of complaint."


class Office:
    """Both desks at work; what is done already is not done again."""

    def __init__(self, base: str, settings: Settings) -> None:
        self._base = base
        self._settings = settings
        self._memory = Memory(settings.data)
        self._actors: dict[str, Actor] = {}
        self._keys: dict[str, Ed25519PrivateKey] = {}

    def play(self) -> None:
        """Let the desks come, be enrolled, and decide about two requests; let one of the cast take a copy."""
        if self._memory.find("office"):
            return
        for handle, name, country in _DESKS:
            self._arrive(handle, name, country)
        front, night = (handle for handle, _, _ in _DESKS)
        self._granted(front, night)
        self._refused(night, front)
        self._take_copy()
        self._memory.keep("office")

    def _arrive(self, handle: str, name: str, country: str) -> None:
        actor = self._actors[handle] = Actor(self._base)
        link = operator.invite(self._settings, always=True)
        actor.arrive(
            {
                "handle": handle,
                "password": self._memory.secret(f"password {handle}"),
                "birth_date": "1990-01-01",
                "country": country,
                "language": "en",
                "display_name": name,
                "invitation": link.rpartition("=")[2],
            }
        )
        raw = base64.b64decode(self._memory.secret(f"key {handle}", _new_key))
        key = self._keys[handle] = Ed25519PrivateKey.from_private_bytes(raw)
        public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        if self._ask(handle, "GET", "staff/me")["state"] == "none":
            proof = self._sign(handle, f"reelm/staff-key/v1\n{public}")
            body = {"public_key": public, "country": country, "proof": proof}
            self._ask(handle, "POST", "staff/enrolment", body)
        if self._ask(handle, "GET", "staff/me")["state"] == "asked":
            proposal = staff.propose(self._settings, "enrol", handle, None)
            staff.carry_out(self._settings, proposal, None)

    def _granted(self, asks: str, answers: str) -> None:
        """Somebody needs help: their address is opened once, and the grant is closed."""
        if self._memory.find("office granted"):
            return
        grant = self._request(asks, _HELPED, ["identity"], "support", _LOST)
        self._decide(answers, grant, "approve")
        self._ask(asks, "POST", f"staff/grants/{grant}/opening", {"handle": _HELPED, "what": "identity"})
        self._ask(asks, "POST", f"staff/grants/{grant}/close")
        self._memory.keep("office granted")

    def _refused(self, asks: str, answers: str) -> None:
        """Curiosity is no reason: nothing is opened, and the person is told that somebody asked."""
        if self._memory.find("office refused"):
            return
        grant = self._request(asks, _REFUSED, ["telemetry"], "support", _CURIOUS)
        self._decide(answers, grant, "deny")
        self._memory.keep("office refused")

    def _take_copy(self) -> None:
        person = Actor(self._base)
        person.come_back(_TAKES, self._memory.password(_TAKES))
        if not person.send("GET", "/api/v1/me/exports")["items"]:
            person.send("POST", "/api/v1/me/exports")

    def _request(self, asks: str, about: str, classes: list[str], reason: str, words: str) -> str:
        country = next(country for handle, _, country in _DESKS if handle == asks)
        body = {
            "people": [about],
            "classes": classes,
            "minutes": 30,
            "reason": reason,
            "text": words,
            "country": country,
        }
        draft = self._ask(asks, "POST", "staff/grants", body)
        signature = {"signature": self._sign(asks, draft["to_sign"])}
        self._ask(asks, "POST", f"staff/grants/{draft['id']}/signature", signature)
        return str(draft["id"])

    def _decide(self, answers: str, grant: str, verdict: str) -> None:
        country = next(country for handle, _, country in _DESKS if handle == answers)
        decision = self._ask(
            answers, "POST", f"staff/grants/{grant}/decision", {"verdict": verdict, "country": country}
        )
        signature = {"signature": self._sign(answers, decision["to_sign"])}
        self._ask(answers, "POST", f"staff/grants/{grant}/decision/signature", signature)

    def _sign(self, handle: str, text: str) -> str:
        return base64.b64encode(self._keys[handle].sign(text.encode())).decode()

    def _ask(self, handle: str, method: str, path: str, body: object = None) -> Any:
        return self._actors[handle].send(method, f"/api/v1/{path}", body)


def _new_key() -> str:
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()
