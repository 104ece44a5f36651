"""The script: everybody in it exists, every clip has words, and nobody talks to nobody."""

import datetime as dt
import io
import json
import re
import stat
from pathlib import Path

import pytest
from PIL import Image

from reelm.entrypoints.demo import footage, repertoire, talk
from reelm.entrypoints.demo.memory import Memory, is_unfinished, place
from reelm.entrypoints.demo.people import CAST, PORTRAIT, portrait
from reelm.entrypoints.demo.script import POSTS, caption_of

HANDLES = {persona.handle for persona in CAST}
SLUGS = {scene.slug for scene in repertoire.drawn(with_encore=True)} | {cut.slug for cut in footage.CUTS}


def test_twelve_grown_ups_in_several_languages():
    assert len(HANDLES) == 12
    assert len({persona.language for persona in CAST}) >= 5
    for persona in CAST:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_.]{1,22}[a-z0-9_]", persona.handle)
        assert dt.date.fromisoformat(persona.birth_date) <= dt.date(2005, 1, 1)
        assert 0 < len(persona.bio) <= 300


def test_every_clip_has_an_author_and_a_caption_with_a_tag():
    assert set(POSTS) >= SLUGS
    captions = [caption_of(slug) for slug in POSTS]
    assert len(set(captions)) == len(captions), "a clip is found again by its caption"
    for slug, post in POSTS.items():
        assert post.author in HANDLES
        assert re.search(r"#\w", caption_of(slug))
    for handle in HANDLES:
        assert sum(post.author == handle for post in POSTS.values()) >= 2


def test_footage_is_credited():
    for cut in footage.CUTS:
        assert cut.credit in caption_of(cut.slug)
        if cut.file.startswith("bunny"):
            assert "Blender Foundation, CC BY 3.0" in caption_of(cut.slug)


def test_conversations_are_between_the_cast_under_their_clips():
    assert set(talk.TALK) <= set(POSTS)
    said = [thread for threads in talk.TALK.values() for thread in threads]
    texts = [thread.text for thread in said] + [text for thread in said for _, text in thread.replies]
    assert len(texts) >= 100
    assert all(0 < len(text) <= 500 for text in texts)
    speakers = [thread.who for thread in said] + [who for thread in said for who, _ in thread.replies]
    assert set(speakers) == HANDLES
    for threads in talk.TALK.values():
        assert sum(thread.pinned for thread in threads) <= 1
    mentions = {handle for text in texts for handle in re.findall(r"@([a-z0-9_]+)", text)}
    assert mentions
    assert mentions <= HANDLES


def test_there_are_friends_and_strangers():
    pairs = set(talk.follows())
    friends = {pair for pair in pairs if pair[::-1] in pairs}
    assert 20 <= len(pairs) < 12 * 11
    assert friends
    assert pairs - friends
    for slug, post in POSTS.items():
        fans = talk.likers(slug, post.author)
        assert 4 <= len(fans) <= 11
        assert post.author not in fans
        assert fans == talk.likers(slug, post.author)


@pytest.mark.parametrize("persona", CAST, ids=lambda persona: persona.handle)
def test_a_portrait_is_a_small_picture_with_something_in_it(persona):
    picture = Image.open(io.BytesIO(portrait(persona)))
    assert picture.size == (PORTRAIT, PORTRAIT)
    assert len(picture.convert("P", colors=16).getcolors() or []) > 4


def test_the_memory_keeps_secrets_to_its_owner_and_survives(tmp_path: Path):
    assert not is_unfinished(tmp_path)
    memory = Memory(tmp_path)
    assert stat.S_IMODE(place(tmp_path).stat().st_mode) == 0o600
    assert is_unfinished(tmp_path)
    memory.keep("clip loaf-cat", "an-id")
    again = Memory(tmp_path)
    assert again.find("clip loaf-cat") == "an-id"
    assert again.find("clip snail-race") is None
    assert again.password("left_sock") == memory.password("left_sock")
    assert again.id_for("words") == memory.id_for("words") != memory.id_for("other words")
    again.finish()
    assert not is_unfinished(tmp_path)
    assert json.loads(place(tmp_path).read_text())["complete"]


def test_two_realms_have_different_passwords(tmp_path: Path):
    one, other = Memory(tmp_path / "one"), Memory(tmp_path / "other")
    assert one.password("left_sock") != other.password("left_sock")
    assert len({one.password(handle) for handle in HANDLES}) == 12
    assert all(len(one.password(handle)) >= 12 for handle in HANDLES)
