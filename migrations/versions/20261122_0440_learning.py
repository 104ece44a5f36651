"""What is learned from watching, and releases of the ranker

Reversible.
"""

revision = "20261122_0440"
down_revision = "20261122_0430"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
