"""Exports, imports and erasures

Reversible.
"""

revision = "20261122_0130"
down_revision = "20261122_0120"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
