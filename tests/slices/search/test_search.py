"""Search over HTTP: every kind, mistakes, scripts, and what a visitor must not find."""

import itertools
import secrets

import pytest

from factories.clips import IDS, put_clip, put_sound

_WORDS = itertools.count()


def word() -> str:
    """A word that nothing else in the realm has."""
    letters = "".join(secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(5))
    return f"{letters}{'aeiou'[next(_WORDS) % 5]}x"


async def search(client, q, what="all", **query):
    found = await client.get("/api/v1/search", params={"q": q, "type": what, **query})
    assert found.status_code == 200, found.text
    return found.json()


async def found_clips(client, q, **query):
    return [clip["id"] for clip in (await search(client, q, "clips", **query))["clips"]["items"]]


async def test_everything_is_found_by_one_word(client, sign_up, admin):
    name = word()
    ada = await sign_up(display_name=name.title())
    clip = await put_clip(admin, ada.id, f"Look at #{name}")
    sound = await put_sound(admin, ada.id, clip, f"Song of {name}")
    found = await search(client, name)
    assert [person["handle"] for person in found["people"]["items"]] == [ada.handle]
    assert [clip["id"] for clip in found["clips"]["items"]] == [clip]
    assert [sound["id"] for sound in found["sounds"]["items"]] == [sound]
    assert found["tags"]["items"] == [{"tag": name, "uses": 1}]
    only = await search(client, name, "tags")
    assert [len(only[kind]["items"]) for kind in ("people", "clips", "sounds", "tags")] == [0, 0, 0, 1]


async def test_mistyped_words_are_understood(client, sign_up, admin):
    name = word()
    ada = await sign_up()
    clip = await put_clip(admin, ada.id, f"the {name} festival")
    swapped = name[:3] + name[4] + name[3] + name[5:]
    lacking = name[:4] + name[5:]
    doubled = name[:5] + name[4] + name[5:]
    changed = name[:6] + "q" + name[7:]
    for typed in (swapped, lacking, doubled, changed, name[:-3], name.upper()):
        assert await found_clips(client, typed) == [clip], typed


async def test_accents_do_not_matter(client, sign_up, admin):
    name = word()
    ada = await sign_up()
    clip = await put_clip(admin, ada.id, f"{name}é crème brûlée")
    for typed in (f"{name}e", f"{name}É", f"creme {name}e", f"{name}e BRULEE"):
        assert await found_clips(client, typed) == [clip], typed


async def test_chinese_japanese_and_korean_are_found_by_any_part(client, sign_up, admin):
    ada = await sign_up()
    mark = word()
    chinese = await put_clip(admin, ada.id, f"{mark} 海边的日落真美", language="zh")
    japanese = await put_clip(admin, ada.id, f"{mark} 東京タワーの夜景", language="ja")
    korean = await put_clip(admin, ada.id, f"{mark} 고양이가 춤을 춰요", language="ko")
    for typed, clip in [
        ("日落", chinese),
        ("海边", chinese),
        ("真美", chinese),
        ("海边的日落", chinese),
        ("落", chinese),
        ("タワー", japanese),
        ("夜景", japanese),
        ("고양이", korean),
        ("춤", korean),
    ]:
        assert clip in await found_clips(client, typed, limit=50), typed
    assert await found_clips(client, f"日落 {mark}") == [chinese]
    assert await found_clips(client, f"{mark}夜景") == [japanese]


async def test_an_indic_tag_is_one_word(client, sign_up, admin):
    ada = await sign_up()
    clip = await put_clip(admin, ada.id, "#हिन्दी गाना")
    assert clip in await found_clips(client, "हिन्दी")
    assert {"tag": "हिन्दी", "uses": 1} in (await search(client, "हिन्दी", "tags"))["tags"]["items"]


async def test_all_words_count_before_some(client, sign_up, admin):
    one, two = word(), word()
    ada = await sign_up()
    both = await put_clip(admin, ada.id, f"{one} and {two}")
    await put_clip(admin, ada.id, f"only {one}")
    assert await found_clips(client, f"{two} {one}") == [both]
    other = word()
    alone = await put_clip(admin, ada.id, f"just {other}")
    assert await found_clips(client, f"{other} {word()}zzq") == [alone]


async def test_words_joined_like_a_handle_are_found_apart(client, sign_up, admin):
    one, two = word(), word()
    ada = await sign_up()
    clip = await put_clip(admin, ada.id, f"{one} with {two}")
    assert await found_clips(client, f"{one}_{two}") == [clip]


async def test_exact_comes_before_beginnings_and_fame_decides_between_equals(client, sign_up, admin):
    name = word()
    ada = await sign_up()
    longer = await put_clip(admin, ada.id, f"{name}ing")
    plain = await put_clip(admin, ada.id, f"so {name}")
    famous = await put_clip(admin, ada.id, f"so {name}")
    await put_clip(admin, ada.id, "unrelated")
    await admin.execute(
        "UPDATE clip_counters SET views = 100000, changed_at = now() WHERE clip_id = $1::text::uuid", famous
    )
    await admin.fetchval("SELECT reelm.weigh_words(now() - interval '1 minute')")
    assert await found_clips(client, name) == [famous, plain, longer]


async def test_the_language_of_the_visitor_comes_first(client, sign_up, admin):
    name = word()
    ada = await sign_up()
    french = await put_clip(admin, ada.id, f"so {name}", language="fr")
    english = await put_clip(admin, ada.id, f"so {name}", language="en")
    for languages, first in (("fr-CA,fr;q=0.9", french), ("en", english), ("*", english)):
        found = await client.get(
            "/api/v1/search", params={"q": name, "type": "clips"}, headers={"accept-language": languages}
        )
        assert found.json()["clips"]["items"][0]["id"] == first, languages


async def test_pages_of_one_kind_go_on(client, sign_up, admin):
    name = word()
    ada = await sign_up()
    clips = [await put_clip(admin, ada.id, f"{name} {n}") for n in range(7)]
    seen, cursor = [], None
    while True:
        page = (await search(client, name, "clips", limit=3, **({"cursor": cursor} if cursor else {})))[
            "clips"
        ]
        seen += [clip["id"] for clip in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == list(reversed(clips))


async def test_what_is_not_public_is_not_found(client, sign_up, admin):
    name = word()
    ada, ben = await sign_up(), await sign_up()
    for audience in ("followers", "friends", "only_me"):
        await put_clip(admin, ada.id, f"{name} secret", audience=audience)
    later = await put_clip(admin, ada.id, f"{name} public")
    assert await found_clips(client, name) == [later]
    await admin.execute("UPDATE clips SET audience = 'followers' WHERE id = $1::text::uuid", later)
    assert (await ben.get("/search", params={"q": name})).json()["clips"]["items"] == []
    assert (await admin.fetch("SELECT 1 FROM search_words WHERE reference = $1", later)) == []
    assert await admin.fetch("SELECT 1 FROM search_terms WHERE term = $1 AND kind = 'clip'", name) == []


async def test_a_block_hides_people_and_clips(client, sign_up, admin):
    name = word()
    ada, ben = await sign_up(display_name=name), await sign_up()
    clip = await put_clip(admin, ada.id, name)
    await ada.put(f"/people/{ben.handle}/block")
    found = (await ben.get("/search", params={"q": name})).json()
    assert (found["people"]["items"], found["clips"]["items"]) == ([], [])
    assert (await ben.get("/search/suggestions", params={"q": name, "kind": "person"})).json() == {
        "items": []
    }
    assert await found_clips(client, name) == [clip]


@pytest.mark.parametrize(
    "q",
    ["", "   ", "!!!", "%_\\", "'; DROP TABLE clips; --", "a" * 200, "\u0000", "😀", "x " * 90, "海" * 150],
)
async def test_anything_may_be_typed(client, q):
    for what in ("all", "people", "clips", "sounds", "tags"):
        await search(client, q, what)
    for kind in ({}, {"kind": "person"}, {"kind": "tag"}):
        assert (await client.get("/api/v1/search/suggestions", params={"q": q, **kind})).status_code == 200


async def test_nonsense_is_refused(client):
    for query in (
        {"q": "a" * 201},
        {"q": "a", "type": "films"},
        {"q": "a", "limit": 0},
        {"q": "a", "limit": 51},
        {"q": "a", "type": "clips", "cursor": "nonsense"},
    ):
        assert (await client.get("/api/v1/search", params=query)).status_code == 422, query
    assert (await client.get("/api/v1/search/suggestions", params={"kind": "film"})).status_code == 422


async def test_completing_a_mention_puts_friends_first(sign_up):
    name = word()
    ada = await sign_up()
    stranger = await sign_up(f"{name[:8]}_a", display_name=name)
    friend = await sign_up(f"{name[:8]}_b", display_name=name)
    await ada.put(f"/people/{friend.handle}/follow")
    await friend.put(f"/people/{ada.handle}/follow")
    found = (await ada.get("/search/suggestions", params={"q": "@" + name[:6], "kind": "person"})).json()[
        "items"
    ]
    assert [item["value"] for item in found] == [friend.handle, stranger.handle]
    assert found[0]["label"] == name
    empty = (await ada.get("/search/suggestions", params={"q": "", "kind": "person"})).json()["items"]
    assert [item["value"] for item in empty] == [friend.handle]


async def test_completing_a_tag_and_the_search_box(client, sign_up, admin):
    name = word()
    ada = await sign_up(f"{name[:9]}_p")
    await put_clip(admin, ada.id, f"#{name}")
    tags = (await client.get("/api/v1/search/suggestions", params={"q": name[:5], "kind": "tag"})).json()[
        "items"
    ]
    assert tags == [{"value": name, "label": f"#{name}"}]
    both = (await client.get("/api/v1/search/suggestions", params={"q": name[:5]})).json()["items"]
    assert [item["value"] for item in both] == [f"#{name}", f"@{ada.handle}"]


async def test_a_tags_page_counts_public_clips_in_any_spelling(client, sign_up, admin):
    name = word()
    ada = await sign_up()
    await put_clip(admin, ada.id, f"#{name}")
    await put_clip(admin, ada.id, f"#{name} again")
    await put_clip(admin, ada.id, f"#{name} for friends", audience="friends")
    assert (await client.get(f"/api/v1/tags/{name.upper()}")).json() == {"tag": name, "uses": 2}
    assert (await client.get(f"/api/v1/tags/{word()}")).json()["uses"] == 0
    assert (await ada.get("/tags/" + "x" * 300)).status_code == 200


async def test_trending_is_for_everyone(client, sign_up):
    ada = await sign_up()
    for found in (await client.get("/api/v1/trending"), await ada.get("/trending")):
        assert found.status_code == 200
        assert set(found.json()) == {"tags", "sounds", "clips"}


async def test_the_dictionary_follows_the_words(admin):
    name, reference = word(), str(IDS.new())

    async def uses(term):
        return await admin.fetchval("SELECT uses FROM search_terms WHERE kind = 'tag' AND term = $1", term)

    for number in range(2):
        await admin.execute(
            "INSERT INTO search_words (kind, reference, key, terms) VALUES ('tag', $1, $2, ARRAY[$2])",
            *(reference + str(number), name),
        )
    assert await uses(name) == 2
    await admin.execute(
        "UPDATE search_words SET terms = ARRAY['y' || $2] WHERE reference = $1", reference + "0", name
    )
    assert (await uses(name), await uses("y" + name)) == (1, 1)
    await admin.execute("DELETE FROM search_words WHERE reference LIKE $1 || '%'", reference)
    assert (await uses(name), await uses("y" + name)) == (None, None)
