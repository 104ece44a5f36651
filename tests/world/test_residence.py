"""Each person's data lies in the realm of their country, and nowhere else: an independent walk over both realms."""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import Person, RunningRealm, eventually, sign_up_body
from tests.factories.networks import Network
from tests.factories.walking import Marks, in_files, in_rows

PUBLIC_TABLES = {"people", "clips", "search_words"}


def reelm(*arguments: str | Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "reelm", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def settle(network: Network, country: str, home: RunningRealm) -> tuple[Person, Marks, dict[str, Any]]:
    """Somebody who asks at the wrong door first, is sent home, and lives there: all of them marked."""
    words, phone = f"zq{secrets.token_hex(6)}", f"+1202{secrets.randbelow(10**7):07}"
    about = {
        "display_name": f"Name {words}",
        "email": f"{words}@mail.example.org",
        "phone": phone,
        "country": country,
    }
    wrong = network.other(home)
    refused = await network.client(wrong).post("/api/v1/accounts", json=sign_up_body(words, **about))
    assert refused.status_code == 409
    assert refused.json()["fields"]["realm"] == network.name(home)
    person = await network.sign_up(home, handle=words, **about)
    assert (await person.patch("/me", {"bio": f"I am {words}"})).status_code == 200
    for visibility in ("everyone", "only_me"):
        clip = await network.publish(person, caption=f"{visibility} {words} #{words}", visibility=visibility)
        assert clip["status"] == "ready"
        said = await person.post(f"/clips/{clip['id']}/comments", {"text": f"comment {words}"})
        assert said.status_code == 201
    me: dict[str, Any] = (await person.get("/me")).json()
    return person, Marks(words, about["email"], phone.lstrip("+"), person.id), me


def _forms(found: set[str], *marks: str) -> set[str]:
    return {each for each in found if each.rpartition(": ")[2].startswith(marks)}


async def test_each_persons_data_lies_in_one_realm_and_nowhere_else(network: Network, tmp_path: Path) -> None:
    people = {
        "US": (network.us, *await settle(network, "US", network.us)),
        "FR": (network.world, *await settle(network, "FR", network.world)),
    }
    backups = {}
    for home, *_ in people.values():
        target = tmp_path / network.name(home)
        reelm("backup", target, "--data", home.data, **network.place(home).environment)
        backups[network.name(home)] = target
    for country, (home, _, marks, me) in people.items():
        away = network.other(home)
        assert me["country"] == country
        assert (me["email"], me["phone"]) == (marks.contact, f"+{marks.phone}")

        here = await in_rows(home, marks)
        assert {each.partition(": ")[0] for each in _forms(here, "words")} >= PUBLIC_TABLES, here
        # What only they may read is at home, and sealed: nobody finds it there either.
        assert _forms(here, "e-mail", "phone") == set()
        at_home = await in_files(home.data, marks)
        assert _forms(at_home, "words"), "the walk does not find what is there"
        assert _forms(at_home, "id as bytes"), "the walk does not read PostgreSQL's files"
        assert _forms(at_home, "e-mail", "phone") == set()

        assert await in_rows(away, marks) == set()
        assert await in_files(away.data, marks) == set()
        # A backup names whose each sealed part is; so it is seen who is in it.
        assert await in_files(backups[network.name(home)], marks) != set()
        assert _forms(await in_files(backups[network.name(home)], marks), "e-mail", "phone") == set()
        assert await in_files(backups[network.name(away)], marks) == set()


async def test_only_what_is_public_of_a_person_lies_where_they_are_followed(network: Network) -> None:
    """A follower abroad: name and public clips are there too, as what they are; all else stays at home."""
    ben = await network.sign_up(network.world)
    lea, marks, _ = await settle(network, "US", network.us)
    await network.agree(ben, network.us)
    found = await ben.get("/people/lookup", params={"address": network.address(lea, network.us)})
    assert found.status_code == 200, found.text
    handle = found.json()["handle"]
    assert (await ben.put(f"/people/{handle}/follow")).status_code == 200

    async def arrived() -> list[str]:
        items = (await ben.get(f"/people/{handle}/clips")).json()["items"]
        return [each["caption"] for each in items]

    assert await eventually(arrived, seconds=90) == [f"everyone {marks.words} #{marks.words}"]
    connection = await network.as_admin(network.world)
    details = await connection.fetchval(
        "SELECT count(*) FROM person_details d JOIN people p ON p.id = d.person_id WHERE p.realm IS NOT NULL"
    )
    await connection.close()
    assert details == 0
    rows, files = await in_rows(network.world, marks), await in_files(network.world.data, marks)
    assert _forms(rows, "words"), "what is public has arrived"
    assert _forms(rows | files, "e-mail", "phone") == set()
    hidden = Marks(f"only_me {marks.words}", marks.contact, marks.phone, marks.id)
    assert _forms(await in_rows(network.world, hidden), "words") == set()
    assert _forms(await in_files(network.world.data, hidden), "words") == set()
