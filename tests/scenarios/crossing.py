# ruff: noqa: T201 — a scenario says what it does
"""Two people in two realms: one follows the other, answers, likes, and takes it all back; an outsider checks both.

`make scenario NAME=crossing` starts a network of two realms, with a border, a ledger and a database each, and plays it
over the API. It says what happens as it happens, and ends with an error at the first thing that does not.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import httpx
from tests.conftest import RunningRealm
from tests.factories.media import plain
from tests.factories.networks import Network, running_network
from tests.scenarios.grant import audit, until
from tests.scenarios.publish import Somebody, must, say


class Resident(Somebody):
    """Somebody who lives in a country, and so in a realm."""

    def __init__(self, realm: RunningRealm, handle: str, country: str) -> None:
        self.country = country
        super().__init__(realm.url, handle)

    def ask(self, method: str, path: str, status: int, **options: Any) -> httpx.Response:
        if path == "/api/v1/accounts":
            options["json"] = {**options["json"], "country": self.country}
        return super().ask(method, path, status, **options)

    def get(self, path: str) -> Any:
        return self.ask("GET", f"/api/v1{path}", 200).json()

    def crossed(self, act: str) -> dict[str, Any]:
        """Their newest crossing of one kind, once it was delivered."""

        def delivered() -> dict[str, Any] | None:
            for each in self.get("/me/crossings?limit=50")["items"]:
                if each["act"] == act and each["state"] == "delivered":
                    return dict(each)
            return None

        return dict(until(delivered, f"{self.handle}'s {act} was not delivered"))


def play(network: Network, folder: Path) -> None:
    tail = os.urandom(2).hex()
    lea = Resident(network.us, f"lea_{tail}", "US")
    wrong = httpx.post(
        f"{network.us.url}/api/v1/accounts",
        json={
            "handle": f"ben_{tail}",
            "password": "correct horse battery staple",
            "birth_date": "1999-04-12",
            "country": "FR",
            "language": "en",
        },
    )
    must(
        wrong.json().get("code") == "realm.lives_elsewhere",
        "somebody from France got into the realm of the US",
    )
    ben = Resident(network.world, f"ben_{tail}", "FR")
    say(
        f"{lea.handle} lives in the US, so in realm us; {ben.handle} in France was led to {wrong.json()['fields']['name']}."
    )
    film = plain(folder / "film.mp4", seconds=2)
    lea.publish(film, "The ferry leaves at noon #ferry")

    found = ben.ask("GET", "/api/v1/people/lookup", 200, params={"address": f"@{lea.handle}@us"}).json()
    must(found["realm"] == "us", "the one who was found is not marked")
    handle = found["handle"]
    problem = ben.ask("PUT", f"/api/v1/people/{handle}/follow", 409).json()
    say(
        f"{ben.handle} looked up @{lea.handle}@us and wants to follow: asked first, whether {problem['fields']['name']} may know."
    )
    ben.ask("PUT", "/api/v1/me/consents/us", 204)
    ben.ask("PUT", f"/api/v1/people/{handle}/follow", 200)
    follow = ben.crossed("Follow")
    say(
        f"The follow crossed: {', '.join(follow['fields'])}; permitted by “{follow['policy']}”, entry {follow['entry_index']}."
    )

    clips = until(lambda: ben.get(f"/people/{handle}/clips")["items"], "the clip did not arrive")
    clip = clips[0]
    address = clip["media"]["renditions"][0]["url"]
    film_here = ben.ask("GET", address, 206, headers={"range": "bytes=0-1023"})
    must(address.startswith("/") and film_here.content[4:8] == b"ftyp", "the clip does not play from home")
    say(f"{lea.handle}'s clip plays from the disk of {ben.handle}'s own realm.")

    comment = ben.ask(
        "POST", f"/api/v1/clips/{clip['id']}/comments", 201, json={"text": "Wait for me!"}
    ).json()
    ben.ask("PUT", f"/api/v1/clips/{clip['id']}/like", 200)
    mine = lea.get("/me/clips")["items"][0]["id"]
    heard = until(lambda: lea.get(f"/clips/{mine}/comments")["items"], "the comment did not arrive")[0]
    must(heard["author"]["realm"] == "world", "the comment is not marked")
    lea.ask("PUT", f"/api/v1/comments/{heard['id']}/like", 409)
    lea.ask("PUT", "/api/v1/me/consents/world", 204)
    lea.ask("PUT", f"/api/v1/comments/{heard['id']}/like", 200)
    until(
        lambda: ben.get(f"/clips/{clip['id']}/comments")["items"][0]["counts"]["likes"] == 1,
        "the like did not come back",
    )
    say(
        f"“{comment['text']}” stands under the clip in realm us, and {lea.handle} likes it; {ben.handle} sees that."
    )

    undone = ben.ask("DELETE", "/api/v1/me/consents/us", 202).json()["undone"]
    until(
        lambda: not lea.get(f"/clips/{mine}/comments")["items"] and not lea.get("/me/followers")["items"],
        "what was taken back is still there",
    )
    must(lea.get(f"/clips/{mine}")["counts"]["likes"] == 0, "the like is still there")
    lea.ask("GET", f"/api/v1/people/{ben.handle}@world", 404)
    say(
        f"{ben.handle} took the consent back: {undone} acts were undone, and realm us knows nobody of that name any more."
    )
    outside(network, folder)


def outside(network: Network, folder: Path) -> None:
    """An outsider compares both ledgers: every batch that one sent is in the other's, and nothing else is wrong."""

    def both_ways() -> list[Any] | None:
        addresses = (network.us.url, network.world.url)
        looked = audit("network", *addresses, "--json", "--mirrors", str(folder / "copies"))
        must(looked.stdout, f"the outsider's check did not run: {looked.stderr}")
        told = json.loads(looked.stdout)
        findings = [*told["findings"], *(each for realm in told["realms"] for each in realm["findings"])]
        must(not findings, f"the outsider's check finds {findings}")
        ways = [each for each in told["matches"] if each["deliveries"]]
        return ways if len(ways) == 2 else None

    until(both_ways, "no deliveries both ways are in both ledgers")
    say("An outsider, with nothing but the two addresses, ran `reelm-audit network`: both ledgers agree.")


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="reelm-scenario-"))
    try:
        with running_network() as network:
            say(f"Realm us runs at {network.us.url}, realm world at {network.world.url}.")
            play(network, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("✓ everything that crossed was asked for, is in both ledgers, and could be taken back")


if __name__ == "__main__":
    main()
