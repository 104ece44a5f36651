"""What a room asks the border to release, and the activity that is made of it.

A *document* is one ActivityStreams object: for Create, Update and Delete what was made, changed or is gone (a
`Person`, `Video`, `Note`, `Collection` or `Tombstone`); for every other act the act itself, whose `type` is the
act's name, with `actor` and `object`. `fields.json` gives each field's data class and purpose by the name
`<type of the object it stands in>.<field>`: an object within an object is judged by its own type, so none is
without one; a field marked `map` holds plain texts by language.
"""

from typing import Any
from uuid import UUID

Document = dict[str, Any]


def act_uri(ids: str, crossing_id: UUID) -> str:
    """Return the public address of one act."""
    return f"{ids}/acts/{crossing_id}"


def actor_of(document: Document) -> str:
    """Return who acts: said by the document, or whose object it is, or (a person) the object itself."""
    actor = document.get("actor") or document.get("attributedTo") or document["id"]
    return str(actor)


def activity_of(ids: str, crossing_id: UUID, act: str, document: Document) -> Document:
    """Return the activity that is sent: the document itself, or the act around it."""
    uri = act_uri(ids, crossing_id)
    if document["type"] == act:
        return {**document, "id": uri}
    return {"id": uri, "type": act, "actor": actor_of(document), "object": document}
