"""What is said to other realms: every field has its row, its class, and nothing but what everybody may see."""

import datetime as dt
import uuid
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reelm.accounts.schemas import PersonCounts, PersonRecord
from reelm.border.activity import activity_of
from reelm.border.classify import fields_in_force
from reelm.clips.service import PublicClip
from reelm.federation import vocabulary as say
from reelm.federation.addresses import Addresses
from reelm.media.schemas import MediaRecord, RenditionRecord
from reelm_audit.tlog import canonical

AT = Addresses("world", "http://id.test/world", "http://world.test", "http://border.test")
NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)
MEDIA = MediaRecord(
    renditions=[RenditionRecord("a" * 64 + ".mp4", 720, 1280, 1000, 1000, "avc1", 10, 2000, [990])],
    hls="h", playlists=[], poster="p", thumbhash="t", duration_ms=1500, width=720, height=1280, gain_db=0.0,
    has_audio=True,
)  # fmt: skip


def _person(name: str, bio: str, *, private: bool, avatar: str | None) -> PersonRecord:
    url = f"/media/avatars/{avatar}" if avatar else None
    return PersonRecord(uuid.uuid4(), "lea", name, bio, url, private, PersonCounts(1, 2, 3, 4), NOW)


def _clip(caption: str, tags: list[str], **flags: bool) -> PublicClip:
    values: dict[str, Any] = dict.fromkeys(
        ("label_ai", "label_paid", "allow_comments", "allow_download", "allow_sound_reuse"), True
    )
    return PublicClip(
        id=uuid.uuid4(), author_id=uuid.uuid4(), caption=caption, tags=tags, language="en", published_at=NOW,
        media=MEDIA, **{**values, **flags},
    )  # fmt: skip


def _fits(act: str, object_type: str, document: dict[str, Any], allowed: set[str]) -> None:
    fields = fields_in_force()
    found = fields.classify(document, act, object_type)
    assert (found.unknown, found.never) == (set(), {})
    assert set(found.classes) <= allowed
    assert fields.reduced(document, allowed).document == document
    assert canonical.encode(activity_of(AT.ids, uuid.uuid4(), act, document))


@given(TEXTS, TEXTS, st.booleans(), st.sampled_from([None, "a.webp"]))
def test_a_person(name: str, bio: str, private: bool, avatar: str | None) -> None:
    document = say.person_document(AT, _person(name, bio, private=private, avatar=avatar), NOW)
    _fits("Update", "Person", document, {"public"})
    assert (document["name"], document["summary"]) == (name, bio)


@given(TEXTS, st.lists(TEXTS.filter(bool), max_size=3), st.booleans())
def test_a_clip(caption: str, tags: list[str], paid: bool) -> None:
    document = say.video_document(AT, _clip(caption, tags, label_paid=paid), NOW)
    _fits("Create", "Video", document, {"public"})
    assert document["attachment"][0]["digest"] == "sha-256:" + "a" * 64


@given(TEXTS)
def test_a_comment(text: str) -> None:
    clip = AT.clip(uuid.uuid4())
    _fits(
        "Create", "Note", say.note_document(AT, uuid.uuid4(), uuid.uuid4(), clip, None, text, NOW), {"public"}
    )


def test_acts_and_their_undoing() -> None:
    actor, thing, social = AT.person(uuid.uuid4()), AT.clip(uuid.uuid4()), {"public", "social"}
    for mark, kind in (("Follow", "Person"), ("Like", "Video"), ("Like", "Note"), ("Announce", "Video")):
        _fits(mark, kind, say.act_document(mark, actor, thing, NOW), social)
        _fits("Undo", mark, say.undo_document(mark, actor, thing, NOW), social)  # type: ignore[arg-type]
    for answer in ("Accept", "Reject"):
        _fits(answer, "Follow", say.answer_document(answer, actor, thing, NOW), social)  # type: ignore[arg-type]
    _fits("Delete", "Tombstone", say.tombstone(AT, "comment", uuid.uuid4(), uuid.uuid4(), NOW), {"public"})
    _fits("Update", "Collection", say.views_document(AT, thing, 40), {"public"})


def test_an_address_is_ours_only_as_we_write_it() -> None:
    thing = uuid.uuid4()
    assert AT.own(AT.clip(thing)) == ("clip", thing)
    for foreign in (
        f"http://id.test/us/clips/{thing}",
        f"http://id.test/world/clips/{thing.hex}",
        f"http://id.test/world/clips/{thing}/views",
        f"http://id.test/world/secrets/{thing}",
        f"http://id.test/worldly/clips/{thing}",
        "http://id.test/world/clips/",
        None,
        7,
    ):
        assert AT.own(foreign) is None
