"""The words of the keys protocol about messages that a recipient reported: release rule (d)."""

import datetime as dt
from uuid import UUID

import msgspec

from reelm.custody.messages import Message, Request


class OpenDisclosure(Request, frozen=True):
    """Open one report. `token`: a live session of a member of staff."""

    token: str
    report_id: UUID


class DisclosedItem(msgspec.Struct, frozen=True):
    """A message as its reporter had it, and what shows that it was sent.

    Attributes:
        seq: its number in the conversation.
        sender_id: who sent it; None for somebody who had gone when it was reported.
        at: when the realm took it.
        payload: its content, canonical JSON.
        key: what the commitment was made with, base64url.
        commitment: the commitment that came with the message, base64url.
    """

    seq: int
    sender_id: UUID | None
    at: dt.datetime
    payload: str
    key: str
    commitment: str

    def __repr__(self) -> str:
        return "<DisclosedItem>"


class Disclosed(Message, frozen=True):
    """All that was disclosed, and nothing else. It is kept in this form, sealed under the reporter's data key."""

    report_id: UUID
    reporter_id: UUID
    conversation_id: UUID
    category: str
    note: str
    made_at: dt.datetime
    items: list[DisclosedItem]
