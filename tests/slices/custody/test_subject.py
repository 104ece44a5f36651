"""The database's proof of who asks: `reelm.subject()` against tickets of every kind."""

import asyncio
import datetime as dt
import hmac
import os
from uuid import UUID

import asyncpg
import pytest
from tests.slices.custody.conftest import Shell

from reelm.custody.keeper import Keeper
from reelm.custody.service import KeysClient
from reelm.custody.tickets import mint_subject
from reelm.kit.clock import SystemClock
from reelm.settings import Settings

LINA = UUID("0192f0c8-0000-7000-8000-0000000000aa")
FORGED, EXPIRED = "28R01", "28R02"


def _in(seconds: int) -> dt.datetime:
    return SystemClock().now() + dt.timedelta(seconds=seconds)


async def test_a_ticket_names_the_subject_and_its_purpose(shell: Shell, keeper: Keeper) -> None:
    ticket = mint_subject(keeper.door.subject_secret, LINA, "media_process", _in(60))
    assert await shell.ask("SELECT reelm.subject()", ticket=ticket) == LINA
    assert await shell.ask("SELECT reelm.purpose()", ticket=ticket) == "media_process"


async def test_without_a_ticket_there_is_no_subject(shell: Shell, keeper: Keeper) -> None:
    for ticket in (None, ""):
        assert await shell.ask("SELECT reelm.subject()", ticket=ticket) is None
        assert await shell.ask("SELECT reelm.purpose()", ticket=ticket) is None
    ticket = mint_subject(keeper.door.subject_secret, LINA, "session", _in(60))
    assert await shell.ask("SELECT reelm.subject()", ticket=ticket) == LINA
    # The next transaction on the same connection is nobody's again.
    assert await shell.ask("SELECT reelm.subject()") is None


async def test_forged_tickets_are_refused(shell: Shell, keeper: Keeper) -> None:
    secret = keeper.door.subject_secret
    good = mint_subject(secret, LINA, "session", _in(60))
    body, _, mac = good.rpartition(".")
    other = UUID(int=LINA.int + 1)
    forgeries = [
        good.replace(LINA.hex, other.hex),
        good.replace(".session.", ".media_process."),
        good.replace(good.split(".")[3], str(int(good.split(".")[3]) + 3600)),
        mint_subject(os.urandom(32), LINA, "session", _in(60)),
        f"{body}.{'0' * 64}",
        f"{body}.{hmac.new(secret, mac.encode(), 'sha256').hexdigest()}",
        f"{body}.{mac.upper()}",
        f" {good}",
        f"{good}\n",
        good[:-1],
        "v1",
        "'; SELECT 1; --",
        good.replace("v1", "v2"),
        f"{good}.{mac}",
    ]
    for forged in forgeries:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await shell.ask("SELECT reelm.subject()", ticket=forged)
        assert refused.value.sqlstate == FORGED, forged


async def test_only_the_one_shape_is_a_ticket_even_with_the_right_mac(shell: Shell, keeper: Keeper) -> None:
    def signed(person: str, purpose: str, expiry: str) -> str:
        body = f"v1.{person}.{purpose}.{expiry}"
        return f"{body}.{hmac.new(keeper.door.subject_secret, body.encode(), 'sha256').hexdigest()}"

    person, purpose, expiry = LINA.hex, "a" + "b" * 47, str(int(_in(60).timestamp()))
    assert await shell.ask("SELECT reelm.subject()", ticket=signed(person, purpose, expiry)) == LINA
    for other in (
        *(signed(each, purpose, expiry) for each in (person[1:], person + "0", "", person.upper())),
        *(signed(person, each, expiry) for each in (purpose + "b", "", "1a", "a.b", "a b", "A")),
        *(signed(person, purpose, each) for each in (expiry[1:], expiry + "0", "", f"{expiry[:-1]}x")),
        signed(person, purpose, expiry)[:-1],
        signed(person, purpose, expiry) + "0",
    ):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await shell.ask("SELECT reelm.subject()", ticket=other)
        assert refused.value.sqlstate == FORGED, other


async def test_an_old_ticket_is_refused_also_within_a_long_transaction(shell: Shell, keeper: Keeper) -> None:
    ticket = mint_subject(keeper.door.subject_secret, LINA, "session", _in(-1))
    with pytest.raises(asyncpg.PostgresError) as refused:
        await shell.ask("SELECT reelm.subject()", ticket=ticket)
    assert refused.value.sqlstate == EXPIRED
    ticket = mint_subject(keeper.door.subject_secret, LINA, "session", _in(2))
    transaction = shell.connection.transaction()
    await transaction.start()
    await shell.connection.execute("SELECT set_config('reelm.ticket', $1, true)", ticket)
    assert await shell.connection.fetchval("SELECT reelm.subject()") == LINA
    with pytest.raises(asyncpg.PostgresError) as refused:  # noqa: PT012 - it ends in the middle of the loop
        for _ in range(60):
            await shell.connection.fetchval("SELECT pg_sleep(0.05)")
            await shell.connection.fetchval("SELECT reelm.subject()")
    assert refused.value.sqlstate == EXPIRED
    await transaction.rollback()


@pytest.mark.parametrize("shell", ["reelm_web", "reelm_worker", "reelm_catalog"], indirect=True)
async def test_no_login_role_reads_or_replaces_the_secret(shell: Shell, keeper: Keeper) -> None:
    for query in (
        "SELECT inner_pad FROM vault.subject_secret LIMIT 1",
        "SELECT vault.install_subject_secret('\\x" + "00" * 32 + "')",
        "SELECT vault.padded_key('\\x00', 1)",
        "SELECT vault.verified_ticket()",
        "UPDATE vault.subject_secret SET inner_pad = outer_pad",
        "SET ROLE reelm_owner",
        "SET SESSION AUTHORIZATION reelm_keys",
        "CREATE FUNCTION reelm.subject(integer) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "CREATE OR REPLACE FUNCTION reelm.subject() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "ALTER TABLE clips NO FORCE ROW LEVEL SECURITY",
    ):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await shell.ask(query)
        assert refused.value.sqlstate == "42501", query


@pytest.mark.parametrize("shell", ["reelm_keys"], indirect=True)
async def test_the_keys_role_installs_but_does_not_read(shell: Shell, keeper: Keeper) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await shell.ask("SELECT inner_pad FROM vault.subject_secret LIMIT 1")
    for column in ("email_sealed", "birth_date_sealed", "email_index"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await shell.ask(f"SELECT {column} FROM person_details LIMIT 1")
    for length in (0, 16, 31, 65):
        with pytest.raises(asyncpg.PostgresError):
            await shell.ask("SELECT vault.install_subject_secret($1)", os.urandom(length))


async def test_operators_of_the_search_path_do_not_reach_the_proof(shell: Shell, keeper: Keeper) -> None:
    """A temporary table or function named like a built-in one changes nothing."""
    ticket = mint_subject(keeper.door.subject_secret, LINA, "session", _in(60))
    async with shell.connection.transaction():
        await shell.connection.execute("SET LOCAL search_path = pg_temp, public, pg_catalog")
        await shell.connection.execute("SELECT set_config('reelm.ticket', $1, true)", ticket)
        assert await shell.connection.fetchval("SELECT reelm.subject()") == LINA


async def test_the_secret_before_is_accepted_and_the_one_before_that_is_not(
    shell: Shell, keeper: Keeper, migrated: Settings
) -> None:
    keys = await asyncpg.connect(**migrated.database.connection("reelm_keys"))
    secrets = [os.urandom(size) for size in (32, 48, 64)]
    tickets = [mint_subject(secret, LINA, "session", _in(60)) for secret in secrets]
    try:
        for secret in secrets:
            for _ in range(2):
                await keys.execute("SELECT vault.install_subject_secret($1)", secret)
        with pytest.raises(asyncpg.PostgresError):
            await shell.ask("SELECT reelm.subject()", ticket=tickets[0])
        for ticket in tickets[1:]:
            assert await shell.ask("SELECT reelm.subject()", ticket=ticket) == LINA
        await asyncio.gather(
            *(keeper._rows.install_subject_secret(keeper.door.subject_secret) for _ in range(8))
        )
        assert await shell.ask("SELECT reelm.subject()", ticket=tickets[2]) == LINA
    finally:
        await keys.close()


async def test_the_cost_of_a_proof_is_small(shell: Shell, keeper: Keeper) -> None:
    """One verification, measured inside the server against an empty loop of the same length."""
    ticket = mint_subject(keeper.door.subject_secret, LINA, "session", _in(60))
    plan = await shell.ask(
        "WITH t AS MATERIALIZED (SELECT clock_timestamp() AS start),"
        " n AS MATERIALIZED (SELECT count(reelm.subject()) FROM t, generate_series(1, 2000) i WHERE i > 0)"
        " SELECT extract(epoch FROM clock_timestamp() - start) * 1e6 / 2000 FROM t, n",
        ticket=ticket,
    )
    assert 0 < float(plan) < 500, f"{plan} microseconds"


async def test_revocations_reach_a_listener(keeper: Keeper, keys: KeysClient, migrated: Settings) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(**migrated.database.connection("reelm_web"))
    await listener.add_listener("session_revoked", lambda *notice: heard.put_nowait(notice[3]))
    person_id = UUID(int=LINA.int + 7)
    await keys.enrol(person_id, password="correct horse")
    signed_in = await keys.sign_in(person_id, "correct horse", "x")
    await keys.revoke(signed_in.token)
    assert await asyncio.wait_for(heard.get(), 5) == str(signed_in.session.session_id)
    await listener.close()
