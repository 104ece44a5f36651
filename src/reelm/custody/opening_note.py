"""What the keys process has the person see of an opening, made of the evidence that it has just checked."""

import json
from typing import Any

from reelm.custody.opening_schemas import GrantOpening
from reelm.kit.ids import Ids


def note_of(asked: GrantOpening, ids: Ids) -> dict[str, Any]:
    """Return what the entries say of this opening, with ids for rows that may have to be made."""
    request, approval, use = (json.loads(each.entry) for each in (asked.request, asked.approval, asked.use))
    return {
        "request": asked.request.index,
        "approval": asked.approval.index,
        "use": asked.use.index,
        "what": asked.what,
        "clip": str(asked.clip_id) if asked.clip_id else None,
        "classes": request["classes"],
        "minutes": request["minutes"],
        "reason": request["reason"],
        "country": request["country"],
        "emergency": request["emergency"],
        "requested_at": request["at"],
        "approved_at": approval["at"],
        "expires_at": approval["expires_at"],
        "used_at": use["at"],
        "asked_key": request["staff"],
        "decided_key": approval["staff"],
        "nonce": asked.nonce.hex(),
        "document": asked.document.decode(),
        "use_nonce": asked.use_nonce.hex(),
        "use_document": asked.use_document.decode(),
        "grant_id": str(ids.new()),
        "use_id": str(ids.new()),
        "notice_id": str(ids.new()),
    }
