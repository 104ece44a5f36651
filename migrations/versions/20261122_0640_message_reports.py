"""What recipients of messages disclosed"""

revision = "20261122_0640"
down_revision = "20261122_0630"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
