"""Web push, and what is told when"""

revision = "20261122_0630"
down_revision = "20261122_0620"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
