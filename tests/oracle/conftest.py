"""A ledger of a test's own, for the oracle to judge."""

from tests.factories.ledger_fixtures import ledger, ledger_template

__all__ = ["ledger", "ledger_template"]
