"""The data map: every table and column with its data class, purpose, retention and site, and the device's part.

Made from the models' declarations, so that it can't say less than there is. Its canonical bytes are digested into
the ledger with every release. The Article 30 part (GDPR, records of processing) follows from the same declarations
and from the charter.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from reelm.realm.schemas import RealmDocument
from reelm_audit.tlog import canonical

_SEALED_ENDINGS = ("_sealed", "wrapped_key")
_MEASURES = [
    "Columns of the classes identity and private are encrypted under a key of each person's own.",
    "Keys are held by a process of its own, which releases them by stated rules only.",
    "Row-level security is forced on every table; no login role steps around it.",
    "Staff open personal data under an approved, time-boxed grant that is in the public ledger first.",
    "The ledger is append-only, and can be witnessed by outsiders.",
]


def document(tables: Sequence[Any], rooms: Mapping[str, Sequence[str]], realm: RealmDocument) -> bytes:
    """Return the data map's canonical bytes.

    Args:
        tables: SQLAlchemy tables made by `models.declare`, all of them.
        rooms: which room owns which table (`models.rooms.TABLES_OF`).
        realm: the charter in force, for operator and sites.
    """
    room_of = {name: room for room, names in rooms.items() for name in names}
    sites = [{"site": site.site, "country": site.country} for site in realm.storage]
    described = [_table(table, room_of[table.name]) for table in sorted(tables, key=lambda t: t.name)]
    return canonical.encode(
        {
            "version": 1,
            "tables": described,
            "sites": sites,
            "device": json.loads(files("reelm.realm").joinpath("device.json").read_bytes()),
            "article30": _article30(described, realm, sites),
        }
    )


def _table(table: Any, room: str) -> dict[str, Any]:
    columns = [
        {
            "name": column.name,
            "class": str(column.info["class"]),
            "sealed": column.name.endswith(_SEALED_ENDINGS),
        }
        for column in table.columns
    ]
    return {
        "name": table.name,
        "room": room,
        "purpose": table.info["purpose"],
        "retention": table.info["retention"],
        "classes": sorted({column["class"] for column in columns}),
        "columns": columns,
    }


def _article30(
    tables: Sequence[Mapping[str, Any]], realm: RealmDocument, sites: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """The fields of Art. 30(1) GDPR, as far as the realm's software and charter know them."""
    personal = [table for table in tables if set(table["classes"]) - {"operational"}]
    return {
        "controller": {"name": realm.operator.name, "country": realm.operator.country},
        "purposes": sorted({table["purpose"] for table in personal}),
        "data_subjects": ["People with an account."],
        "data_categories": sorted({name for table in personal for name in table["classes"]}),
        "recipients": ["What is public is for everyone who asks; nothing else leaves the realm."],
        "third_country_transfers": [],
        "retention": sorted({table["retention"] for table in personal}),
        "security_measures": _MEASURES,
        "sites": list(sites),
    }
