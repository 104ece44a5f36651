"""A realm that is at work gives an auditor no reason to complain: people take copies and go, and all rules hold."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import PASSWORD, RunningRealm, eventually, free_port, start_realm

from reelm_audit.cli import main


@pytest.fixture(scope="module")
def own() -> Iterator[RunningRealm]:
    """A realm whose ledger no other test writes into."""
    folder = Path(tempfile.mkdtemp(prefix="reelm-test-"))
    folder.chmod(0o755)
    running = start_realm(folder / "data", free_port(), REELM_LIMIT_FACTOR="1000")
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def _person(http: httpx.AsyncClient, handle: str) -> dict[str, str]:
    body = {
        "handle": handle,
        "password": PASSWORD,
        "birth_date": "1999-04-12",
        "country": "FR",
        "language": "en",
    }
    (await http.post("/api/v1/accounts", json=body)).raise_for_status()
    made = await http.post("/api/v1/sessions", json={"handle": handle, "password": PASSWORD})
    http.cookies.clear()
    return {"authorization": f"Bearer {made.json()['token']}"}


async def test_a_living_realm_gives_no_finding(
    own: RunningRealm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with httpx.AsyncClient(base_url=own.url, timeout=60) as http:
        headers = await _person(http, "anna")
        export = (await http.post("/api/v1/me/exports", headers=headers)).raise_for_status().json()

        async def logged() -> Any:
            return (await http.get(f"/api/v1/me/exports/{export['id']}", headers=headers)).json()[
                "entry_index"
            ]

        await eventually(logged, seconds=120)
    mirror, page = tmp_path / "mirror", tmp_path / "report.html"
    assert main(["watch", own.url, "--mirror", str(mirror), "--json"]) == 0
    watched = json.loads(capsys.readouterr().out)
    assert watched["findings"] == []
    assert watched["size"] >= 3
    assert main(["report", own.url, "--mirror", str(mirror), "--out", str(page)]) == 0
    text = page.read_text()
    assert "Nothing contradicts its promises." in text
    assert "No outside witness watches this ledger yet" in text
    assert watched["vkey"] in text
    assert main(["verify", str(mirror), "--json"]) == 0
