"""Clips that are gone are no longer named in what other people were shown

What was taken out can't be put back; the shape is the same before and after.
"""

from alembic import op

revision = "20261122_0450"
down_revision = "20261122_0440"
branch_labels = None
depends_on = None


def upgrade():
    op.execute(
        "UPDATE receipts SET clips = ARRAY(SELECT c.id FROM unnest(receipts.clips) WITH ORDINALITY AS s (id, place) "
        "LEFT JOIN clips c ON c.id = s.id ORDER BY s.place) "
        "WHERE EXISTS (SELECT 1 FROM unnest(receipts.clips) AS s (id) "
        "WHERE NOT EXISTS (SELECT 1 FROM clips c WHERE c.id = s.id))"
    )


def downgrade():
    """Nothing: a row without a name is a row like any other."""
