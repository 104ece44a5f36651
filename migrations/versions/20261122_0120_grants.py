"""Staff, grants, and what was opened

Reversible.
"""

revision = "20261122_0120"
down_revision = "20261122_0110"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
