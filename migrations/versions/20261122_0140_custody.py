"""Custody: what the realm knows of its release and data map

Reversible.
"""

revision = "20261122_0140"
down_revision = "20261122_0130"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
