"""Close friends, invites, what friends show each other, collections"""

revision = "20261122_0620"
down_revision = "20261122_0610"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
