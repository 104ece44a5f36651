"""A ledger of a test's own."""

from tests.factories.ledger_fixtures import ledger, ledger_template

__all__ = ["ledger", "ledger_template"]
