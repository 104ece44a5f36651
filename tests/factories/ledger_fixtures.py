"""Fixtures for tests that keep a ledger of their own; a test module imports what it needs."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.factories.ledger import OwnLedger, migrated, own_ledger


@pytest.fixture(scope="session")
async def ledger_template(realm: Any, admin: Any) -> AsyncIterator[str]:
    async with migrated(realm.settings, admin, f"ledgers_{secrets.token_hex(3)}") as name:
        yield name


@pytest.fixture
async def ledger(realm: Any, admin: Any, ledger_template: str, tmp_path: Path) -> AsyncIterator[OwnLedger]:
    async with own_ledger(realm.settings, admin, ledger_template, tmp_path) as made:
        yield made
