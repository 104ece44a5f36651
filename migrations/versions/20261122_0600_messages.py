"""Messages: devices, conversations, and what the server keeps of them sealed"""

revision = "20261122_0600"
down_revision = "20261122_0540"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
