"""An outsider audits a realm over HTTP, with the auditor's own commands, as anybody could."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import PASSWORD, RunningRealm, free_port, start_realm


async def audit(*arguments: object) -> tuple[int, str, str]:
    """Run `reelm-audit` in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reelm_audit.cli", *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def untouched(tmp_path: Path) -> Iterator[RunningRealm]:
    """A realm of its own: in the one that tests share, some forge entries, and the auditor says so."""
    tmp_path.chmod(0o755)
    running = start_realm(tmp_path / "data", free_port())
    yield running
    running.stop()


async def test_a_young_realm_gives_no_finding(untouched: RunningRealm, tmp_path: Path) -> None:
    realm = untouched
    async with httpx.AsyncClient(base_url=realm.url, timeout=30) as client:
        await _audited(realm, client, tmp_path)


async def _audited(realm: RunningRealm, client: httpx.AsyncClient, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    _, out, err = await audit("watch", realm.url, "--mirror", mirror, "--json")
    verdict = json.loads(out)
    problems = [
        (each["code"], each["index"], each["detail"])
        for each in verdict["findings"]
        if each["severity"] != "notice"
    ]
    assert not problems
    assert err == ""
    assert verdict["strength"] == "unwitnessed"
    state = (await client.get("/api/v1/ledger")).json()
    assert (verdict["origin"], verdict["vkey"]) == (state["origin"], state["vkey"])
    assert 2 <= verdict["size"] <= state["size"]
    assert verdict["charter"] is not None

    offline = await audit("verify", mirror, "--json")
    assert offline == await audit("verify", mirror, "--json")
    assert json.loads(offline[1])["root"] == verdict["root"]

    again = await audit("watch", realm.url, "--mirror", mirror, "--vkey", state["vkey"])
    assert again[2] == "", again

    shown = tmp_path / "one.tlog-proof"
    shown.write_text((await client.get("/api/v1/ledger/proofs/1")).text)
    code, out, err = await audit("proof", shown, "--mirror", mirror)
    assert code == 0, out + err
    assert "Entry 1 is in the ledger" in out


async def test_an_erasure_s_receipt_is_checked_by_whoever_is_shown_it(
    client: httpx.AsyncClient, sign_up: Any, tmp_path: Path
) -> None:
    leaving = await sign_up()
    answer = await leaving.post("/me/erasure", json={"handle": leaving.handle, "password": PASSWORD})
    assert answer.status_code == 202, answer.text
    assert answer.json()["receipt"], "the entry is in the ledger before anybody answers"
    file = tmp_path / "erased"
    file.write_text(answer.json()["receipt"])
    vkey = (await client.get("/api/v1/ledger")).json()["vkey"]
    code, out, err = await audit("receipt", file, "--vkey", vkey, "--json")
    checked = json.loads(out)
    assert (code, err) == (0, "")
    assert checked["entry"]["kind"] == "rights.erased"
    assert [opened["field"] for opened in checked["opened"]] == ["person"]
    file.write_text(answer.json()["receipt"].replace("index ", "index 1"))
    assert (await audit("receipt", file, "--vkey", vkey))[0] == 1
