"""The ledger's outbox and head

Reversible.
"""

revision = "20261122_0110"
down_revision = "20261121_2200"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
