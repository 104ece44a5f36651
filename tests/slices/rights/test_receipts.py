"""Who asked to open somebody's data goes along with that person's export, with what opens the ledger's entry."""

import datetime as dt
import uuid
from typing import Any

from tests.conftest import RunningRealm
from tests.factories.archives import archive_of, contents
from tests.factories.clips import IDS

from reelm.custody.service import KeysClient
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import SystemClock
from reelm.kit.database import Database
from reelm.ledger.service import LedgerService, entries
from reelm.rights.receipts import document_of
from reelm_audit import receipts


async def test_grants_about_the_person_are_in_their_export(
    realm: RunningRealm, admin: Any, sign_up: Any
) -> None:
    person, other = await sign_up(), await sign_up()
    settings = realm.settings
    keys = KeysClient(settings.keys_address, SystemClock(), secret=settings.caller_secrets["web"])
    database = await Database.open(settings.database, "reelm_web", size=2)
    ledger = LedgerService(database, LocalBlobStore(settings.blobs), SystemClock(), IDS)
    me, document = uuid.UUID(person.id), document_of(uuid.UUID(person.id), about="a request")
    [(reference, nonce)] = await keys.references("grant.requested", [(me, document)])
    entry = entries.GrantRequested(
        at=entries.minute(dt.datetime.now(dt.UTC)),
        charter="0" * 64,
        staff="0" * 16,
        document="1" * 64,
        people=[reference],
        classes=["identity"],
        minutes=10,
        reason="support",
        country="FR",
        emergency=False,
        signature="A" * 86 + "==",
    )
    async with database.transaction() as uow:
        ref = await ledger.append(uow, entry)
    index = (await ledger.included(ref)).index
    grant = IDS.new()
    await admin.execute(
        "INSERT INTO grants (id, asked_by, asked_key, state, classes, minutes, reason, words, country, emergency, "
        "document, document_nonce, request, request_ref, request_leaf) VALUES ($1, $2, 'k', 'approved', "
        "'{identity}', 10, 'support', 'words of the staff', 'FR', false, '', '', '', $3, $4)",
        *(grant, uuid.UUID(other.id), ref, index),
    )
    await admin.execute(
        "INSERT INTO grant_people (grant_id, person_id, reference, nonce, document) VALUES ($1, $2, $3, $4, $5)",
        *(grant, me, reference, nonce, document),
    )
    try:
        files = contents(await archive_of(person))
        checked = receipts.check(receipts.parse(files[f"receipts/asked-{index}.tlog-proof"]))
        assert checked.entry["kind"] == "grant.requested"
        assert [name for name, _ in checked.opened] == ["people"]
        # Neither who in the staff it was, nor their words: those are not the person's rows.
        assert not [name for name, data in files.items() if b"words of the staff" in data]
        assert not [name for name, data in files.items() if other.id.encode() in data]
        assert f"receipts/asked-{index}.tlog-proof" not in contents(await archive_of(other))
    finally:
        await admin.execute("DELETE FROM grants WHERE id = $1", grant)
        await keys.close()
        await database.close()
