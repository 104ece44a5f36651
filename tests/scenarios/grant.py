# ruff: noqa: T201 — a scenario says what it does
"""A locked-out person, two of the staff, an outsider: personal data is opened, and everybody can see that it was.

`make scenario NAME=grant` starts a realm and plays it over the API and the command line, as a person, staff, a
keyholder and an outsider would. It says what happens as it happens, and ends with an error at the first thing that
does not.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.conftest import RunningRealm, free_port, start_realm
from tests.factories.media import plain
from tests.scenarios.publish import Somebody, must, say

PATIENCE_S = 60.0
WORDS = "She wrote that she can't sign in any more, and we have to see whether the address is hers."


def until(check: Callable[[], Any], otherwise: str) -> Any:
    """Wait for something to be true; fail loudly."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.2)
    raise SystemExit(f"✗ {otherwise}")


class Staff(Somebody):
    """A member of staff: somebody with the operator's role and a key of their own."""

    def __init__(self, realm: RunningRealm, handle: str) -> None:
        invited = json.loads(reelm(realm, "user", "invite", "--json"))
        self.invitation = invited["link"].partition("invitation=")[2]
        super().__init__(realm.url, handle)
        self.key = Ed25519PrivateKey.generate()

    def ask(self, method: str, path: str, status: int, **options: Any) -> httpx.Response:
        if path == "/api/v1/accounts":
            options["json"] = {**options["json"], "invitation": self.invitation}
        return super().ask(method, path, status, **options)

    def sign(self, text: str) -> str:
        return base64.b64encode(self.key.sign(text.encode())).decode()

    def bring_key(self) -> str:
        public = base64.b64encode(self.key.public_key().public_bytes_raw()).decode()
        proof = self.sign(f"reelm/staff-key/v1\n{public}")
        body = {"public_key": public, "country": "FR", "proof": proof}
        command: str = self.ask("POST", "/api/v1/staff/enrolment", 200, json=body).json()["command"]
        return command

    def request(self, person: str, **changes: Any) -> dict[str, Any]:
        """Ask for a grant, and sign it."""
        body = {
            "people": [person],
            "classes": ["identity", "private"],
            "minutes": 20,
            "reason": "support",
            "text": WORDS,
            "country": "FR",
            **changes,
        }
        draft = self.ask("POST", "/api/v1/staff/grants", 201, json=body).json()
        signature = {"signature": self.sign(draft["to_sign"])}
        path = f"/api/v1/staff/grants/{draft['id']}/signature"
        return dict(self.ask("POST", path, 200, json=signature).json())

    def decide(self, grant: dict[str, Any], verdict: str) -> dict[str, Any]:
        path = f"/api/v1/staff/grants/{grant['id']}/decision"
        text = self.ask("POST", path, 200, json={"verdict": verdict, "country": "FR"}).json()["to_sign"]
        answer = self.ask("POST", f"{path}/signature", 200, json={"signature": self.sign(text)})
        return dict(answer.json())

    def open(self, grant: dict[str, Any], person: str, what: str, status: int = 200) -> dict[str, Any]:
        path = f"/api/v1/staff/grants/{grant['id']}/opening"
        return dict(self.ask("POST", path, status, json={"handle": person, "what": what}).json())


def reelm(realm: RunningRealm, *arguments: str) -> str:
    """Run the command as the machine's owner, or a keyholder, does."""
    command = [sys.executable, "-m", "reelm", *arguments, "--data", str(realm.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    must(done.returncode == 0, f"reelm {' '.join(arguments)}: {done.stderr or done.stdout}")
    return done.stdout


def audit(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the auditor's tool, which knows nothing of the server."""
    command = [sys.executable, "-m", "reelm_audit.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def private_clip(person: Somebody, folder: Path) -> str:
    made = person.publish(plain(folder / "mine.mp4"), "Only for me", visibility="only_me")
    return str(made["id"])


def play(realm: RunningRealm, folder: Path) -> None:
    tail = os.urandom(2).hex()
    ada, ben = Staff(realm, f"ada_{tail}"), Staff(realm, f"ben_{tail}")
    for member in (ada, ben):
        command = member.bring_key()
        enrolled = json.loads(reelm(realm, *command.split()[1:], "--yes", "--json"))
        alone = member.ask("GET", "/api/v1/staff/me", 200).json()["alone"]
        must(alone == (member is ada), f"{member.handle} is told: alone {alone}")
        say(
            f"{member.handle} made a key; a keyholder ran `{command}`. It is entry {enrolled['index']} of the ledger."
        )
    iris = Somebody(realm.url, f"iris_{tail}")
    email = f"{iris.handle}@example.org"
    iris.ask("PATCH", "/api/v1/me", 200, json={"email": email})
    clip = private_clip(iris, folder)
    say(f"{iris.handle} has an e-mail address, and a clip that nobody else sees.")

    refused = ada.ask("GET", f"/api/v1/clips/{clip}", 404)
    must(email not in refused.text, "the e-mail address is there")
    asked = ada.request(iris.handle)
    say(f"{ada.handle} asked for 20 minutes, and signed: entry {asked['entries']['requested']}.")
    ada.open(asked, iris.handle, "identity", 409)
    path = f"/api/v1/staff/grants/{asked['id']}/decision"
    ada.ask("POST", path, 403, json={"verdict": "approve", "country": "FR"})
    say(f"{ada.handle} can't open anything yet, and can't approve it either.")
    grant = ben.decide(asked, "approve")
    say(f"{ben.handle} approved, and signed: entry {grant['entries']['approved']}.")

    opened = ada.open(grant, iris.handle, "identity")
    must(opened["identity"]["email"] == email, "the e-mail address was not opened")
    say(
        f"{ada.handle} reads the e-mail address. Before the key was released, entry {opened['entry_index']} said so."
    )
    video = f"/api/v1/staff/grants/{grant['id']}/clips/{clip}/video"
    film = ada.ask("GET", video, 206, headers={"range": "bytes=0-1023"})
    must(film.content[4:8] == b"ftyp", "the first bytes are not a film's")
    say(f"{ada.handle} plays the private clip.")

    kinds = [each["kind"] for each in iris.ask("GET", "/api/v1/notices", 200).json()["items"]]
    must("opened" in kinds, f"{iris.handle} was not told")
    seen = iris.ask("GET", "/api/v1/me/openings", 200).json()["items"][0]
    must(seen["uses"] == 2, f"{iris.handle} sees {seen['uses']} openings, not 2")
    text = iris.ask("GET", f"/api/v1/me/openings/{seen['id']}/receipt", 200).text
    must(ada.handle not in text, "the receipt names the staff")
    receipt = folder / "opening.receipt"
    receipt.write_text(text)
    checked = audit("receipt", str(receipt), "--json")
    must(checked.returncode == 0, f"the receipt does not hold: {checked.stdout}{checked.stderr}")
    say(
        f"{iris.handle} was told, sees both openings, and keeps a receipt that `reelm-audit receipt` accepts."
    )

    ben.ask("POST", f"/api/v1/staff/grants/{grant['id']}/close", 200)
    ada.open(grant, iris.handle, "identity", 409)
    ada.ask("GET", video, 409)
    say(f"{ben.handle} closed the grant; the film and the address are out of reach at once.")
    until(
        lambda: ada.ask("GET", f"/api/v1/staff/grants/{grant['id']}", 200).json()["entries"]["ended"],
        "the end is not in the ledger",
    )

    denied = ben.decide(ada.request(iris.handle), "deny")
    must(denied["state"] == "denied", "the second request was not refused")
    say(f"A second request of {ada.handle} was refused by {ben.handle}; that is in the ledger, too.")

    urgent = ada.request(iris.handle, emergency=True, minutes=10, reason="safety")
    ada.decide(urgent, "approve")
    heard = [each["kind"] for each in ben.ask("GET", "/api/v1/notices", 200).json()["items"]]
    must("emergency" in heard, f"{ben.handle} did not hear of the emergency")
    page = until(
        lambda: (found := _transparency(iris))["emergency_now"] and found,
        "the transparency page does not show the emergency",
    )
    must(iris.handle not in json.dumps(page), "the transparency page names a person")
    say(
        f"{ada.handle} declared an emergency; {ben.handle}, {iris.handle} and everybody on the transparency page know."
    )
    ada.ask("POST", f"/api/v1/staff/grants/{urgent['id']}/close", 200)

    outside(realm, folder)


def outside(realm: RunningRealm, folder: Path) -> None:
    """An outsider's check finds the emergency, and nothing that is wrong with anything else."""
    watched = audit("watch", realm.url, "--json", "--mirror", str(folder / "copy"))
    must(watched.stdout, f"the outsider's check did not run: {watched.stderr}")
    findings = json.loads(watched.stdout.strip().splitlines()[-1])["findings"]
    codes = {found["code"] for found in findings}
    must("grant.emergency" in codes, "the outsider's check does not tell of the emergency")
    strange = codes - {"grant.emergency"}
    must(not strange, f"the outsider's check finds {sorted(strange)}: {findings}")
    say(
        "An outsider, with nothing but the address, ran `reelm-audit watch`: it names the emergency, and nothing else."
    )


def _transparency(person: Somebody) -> dict[str, Any]:
    return dict(person.ask("GET", "/api/v1/transparency/grants", 200).json())


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="reelm-scenario-"))
    folder.chmod(0o755)
    realm = None
    try:
        realm = start_realm(folder / "data", free_port(), REELM_LIMIT_FACTOR="100")
        say(f"A realm runs at {realm.url}.")
        play(realm, folder)
    finally:
        if realm is not None:
            realm.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print("✓ nothing was opened without a reason, another person and the ledger, and the person saw it")


if __name__ == "__main__":
    main()
