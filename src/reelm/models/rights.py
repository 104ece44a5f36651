"""Tables of the room `rights`: exports, imports, erasures."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, UUID
from sqlalchemy.types import BigInteger, Boolean, Integer, Text

from reelm.models.declare import DataClass, column, declare, owner
from reelm.models.people import NOW, WHEN, person_id

UNDER_WAY = "state IN ('waiting', 'running')"

exports = declare(
    "exports",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("state", Text(), DataClass.OPERATIONAL, server_default="waiting"),
    column("done", Integer(), DataClass.OPERATIONAL, server_default="0"),
    column("total", Integer(), DataClass.OPERATIONAL, server_default="0"),
    column("bytes", BigInteger(), DataClass.OPERATIONAL, nullable=True),
    column("manifest_digest", Text(), DataClass.OPERATIONAL, nullable=True),
    column("entry_ref", UUID(), DataClass.OPERATIONAL, nullable=True),
    column("nonce", BYTEA(), DataClass.OPERATIONAL, nullable=True),
    column("wrapped_key", BYTEA(), DataClass.OPERATIONAL, nullable=True),
    column("created_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    column("expires_at", WHEN, DataClass.OPERATIONAL, nullable=True),
    column("failure_code", Text(), DataClass.OPERATIONAL, nullable=True),
    Index("uq_exports_under_way", "person_id", unique=True, postgresql_where=text(UNDER_WAY)),
    Index("ix_exports_expires_at", "expires_at"),
    CheckConstraint(
        "state IN ('waiting', 'running', 'ready', 'failed', 'cancelled', 'expired')", name="state"
    ),
    purpose="Copies that a person took of everything about them, each with the nonce of its ledger entry.",
    retention="The archive 7 days; that it was made, until the person removes it from the list.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, id), UPDATE (state), DELETE",
        "reelm_worker": "SELECT, UPDATE (state, done, total, bytes, manifest_digest, entry_ref, nonce, "
        "wrapped_key, expires_at, failure_code)",
    },
)

imports = declare(
    "imports",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("upload_id", UUID(), DataClass.OPERATIONAL),
    column("state", Text(), DataClass.OPERATIONAL, server_default="waiting"),
    column("checked", Boolean(), DataClass.OPERATIONAL, server_default=text("false")),
    column("done", Integer(), DataClass.OPERATIONAL, server_default="0"),
    column("total", Integer(), DataClass.OPERATIONAL, server_default="0"),
    column("origin", JSONB(), DataClass.OPERATIONAL, server_default="{}"),
    column("missing", JSONB(), DataClass.OPERATIONAL, server_default="[]"),
    column("suggestions", JSONB(), DataClass.OPERATIONAL, server_default="[]"),
    column("created_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    column("failure_code", Text(), DataClass.OPERATIONAL, nullable=True),
    Index("uq_imports_under_way", "person_id", unique=True, postgresql_where=text(UNDER_WAY)),
    CheckConstraint("state IN ('waiting', 'running', 'ready', 'failed', 'cancelled')", name="state"),
    purpose="Archives of another realm's exports that a person brought here, and what could not be brought.",
    retention="Until the person removes it from the list.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, id, upload_id), UPDATE (state), DELETE",
        "reelm_worker": "SELECT, UPDATE (state, checked, done, total, origin, missing, suggestions, failure_code)",
    },
)

import_items = declare(
    "import_items",
    person_id("person_id", DataClass.OPERATIONAL, primary_key=True),
    column("import_id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("kind", Text(), DataClass.OPERATIONAL, primary_key=True),
    column("source", Text(), DataClass.OPERATIONAL, primary_key=True),
    column("target_id", UUID(), DataClass.OPERATIONAL, nullable=True),
    purpose="What of an archive was brought here already, so that nothing comes twice.",
    retention="As long as the import.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, DELETE",
        "reelm_worker": "SELECT, INSERT",
    },
)

# No foreign key: the row outlives the person's other rows for the moments until the bytes are gone, too.
erasures = declare(
    "erasures",
    column("person_id", UUID(), DataClass.OPERATIONAL, primary_key=True),
    column("entry_ref", UUID(), DataClass.OPERATIONAL),
    column("asked_at", WHEN, DataClass.OPERATIONAL, server_default=NOW),
    column("keys_gone", Boolean(), DataClass.OPERATIONAL, server_default=text("false")),
    column("rows_gone", Boolean(), DataClass.OPERATIONAL, server_default=text("false")),
    column("leftovers", JSONB(), DataClass.OPERATIONAL, server_default="[]"),
    purpose="Erasures that were asked for and are not finished, so that a crash leaves nothing behind.",
    retention="Until the erasure is complete: seconds, as a rule.",
    audiences=[owner("person_id")],
    grants={
        "reelm_web": "SELECT, INSERT (person_id, entry_ref)",
        "reelm_worker": "SELECT, UPDATE (keys_gone), DELETE",
    },
)
