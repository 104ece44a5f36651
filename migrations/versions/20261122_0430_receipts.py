"""Receipts of pages, and declared adjustments

Reversible.
"""

revision = "20261122_0430"
down_revision = "20261122_0420"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
