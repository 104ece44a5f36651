"""Sorts of notices that a person chooses by, and which kinds belong to each.

The database decides by `reelm.notice_sort` (models/push.sql), in the transaction of the act; a test holds both equal.
"""

from typing import Literal

Choice = Literal["push", "app", "off"]

SORT_OF: dict[str, str] = {
    "follow": "follow",
    "follow_accepted": "follow",
    "follow_request": "request",
    "request": "request",
    "like": "like",
    "repost": "like",
    "heart": "like",
    "pin": "like",
    "comment": "comment",
    "reply": "comment",
    "mention": "mention",
    "message": "message",
    "activity": "activity",
    "clip_ready": "clip_ready",
    "clip_failed": "clip_ready",
    "digest": "digest",
    "opened": "opened",
    "emergency": "opened",
}
# What is told where, unless the person says otherwise.
DEFAULTS: dict[str, Choice] = {
    "message": "push",
    "request": "push",
    "follow": "push",
    "comment": "push",
    "mention": "push",
    "like": "app",
    "activity": "app",
    "clip_ready": "push",
    "digest": "push",
    "opened": "push",
    "other": "app",
}
# That somebody opened a person's data is always told.
NEVER_OFF = frozenset({"opened"})
# What a daily digest gathers instead of each being pushed by itself.
GATHERED = frozenset({"follow", "like", "comment", "mention", "activity", "other"})
