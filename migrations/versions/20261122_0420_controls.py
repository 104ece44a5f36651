"""What a person tells their feed

Reversible.
"""

revision = "20261122_0420"
down_revision = "20261122_0140"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
