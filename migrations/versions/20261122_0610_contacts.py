"""People who chose to be found by those who have their number or address"""

revision = "20261122_0610"
down_revision = "20261122_0600"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
