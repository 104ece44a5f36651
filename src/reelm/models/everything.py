"""Importing this declares every table: for migrations, the data map, and tests that ask about all of them."""

from reelm.models import clips, custody, ledger, people, realm, rights, watching
from reelm.models.declare import metadata

__all__ = ["clips", "custody", "ledger", "metadata", "people", "realm", "rights", "watching"]
