"""A large realm for measuring: people, clips, ties and watch events written straight into the database.

The rows are those the realm itself would write, made by the database from numbers; no media files behind them.
"""

import json
import time
from typing import Any

_MEDIA = {
    "hls": "master.m3u8",
    "playlists": ["v360.m3u8", "v720.m3u8"],
    "poster": "poster.jpg",
    "posters": {"image/webp": "poster.webp"},
    "preview": "preview.mp4",
    "sound": "sound.m4a",
    "thumbhash": "1QcSHQRnh493V4dIh4eXh1h4kJUI",
    "duration_ms": 12000,
    "width": 1080,
    "height": 1920,
    "gain_db": -1.5,
    "has_audio": True,
    "renditions": [
        {
            "file": f"v{edge}.mp4",
            "width": edge,
            "height": edge * 16 // 9,
            "bytes": edge * 4000,
            "bandwidth": edge * 2500,
            "codecs": "avc1.640028,mp4a.40.2",
            "init_bytes": 1280,
            "fragment_ms": 500,
            "fragments": [edge * 160] * 24,
        }
        for edge in (1080, 720, 540, 360)
    ],
}

WORDS = [
    "light",
    "moon",
    "river",
    "dance",
    "bread",
    "snow",
    "green",
    "window",
    "cat",
    "guitar",
    "train",
    "spring",
    "coffee",
    "rain",
    "summer",
    "night",
]

_STEPS = (
    (
        "people",
        """
        INSERT INTO people (id, handle, handle_key, display_name, followers, following, clips)
        SELECT bench_id(1, n), 'bench' || n, 'bench' || n, 'Person ' || n, 30, 30, 20
          FROM generate_series(1, {people}) n;
        INSERT INTO person_details (person_id, birth_date_sealed, country_sealed, age_band, jurisdiction, language)
        SELECT bench_id(1, n), '\\x00', '\\x00', 'adult', 'FR', (ARRAY['en', 'fr', 'zh'])[1 + n % 3]
          FROM generate_series(1, {people}) n
        """,
    ),
    (
        "clips",
        """
        INSERT INTO clips (id, author_id, status, caption, tags, sound_id, visibility, audience, language,
                           created_at, published_at, changed_at, media, sealed, ladder_complete, stage, percent)
        SELECT bench_id(2, n), bench_id(1, 1 + n % {people}), 'ready',
               words[1 + n % 16] || ' ' || words[1 + n / 16 % 16] || ' #' || words[1 + n / 7 % 16] || n % 200,
               ARRAY[words[1 + n / 7 % 16] || n % 200, words[1 + n / 3 % 16]], bench_id(3, 1 + n % {sounds}),
               'everyone', 'everyone', (ARRAY['en', 'fr', 'zh'])[1 + n % 3],
               moment, moment, moment, '{media}', false, true, 'ready', 100
          FROM (SELECT n, '{words}'::text[] AS words, now() - make_interval(mins => ({clips} - n) / 2) AS moment
                  FROM generate_series(1, {clips}) n) made;
        INSERT INTO sounds (id, author_id, origin_clip_id, title, duration_ms, audio, waveform, uses)
        SELECT bench_id(3, n), bench_id(1, 1 + n % {people}), bench_id(2, n), 'Sound ' || n, 12000, 'sound.m4a',
               '\\x00', 10 FROM generate_series(1, {sounds}) n;
        INSERT INTO clip_counters (clip_id, views, likes, comments, finishes, skips, changed_at)
        SELECT bench_id(2, n), n % 997, n % 97, n % 13, n % 401, n % 211, now() - interval '1 hour'
          FROM generate_series(1, {clips}) n;
        INSERT INTO clip_tags (tag, clip_id, published_at)
        SELECT DISTINCT t, id, published_at FROM clips, unnest(tags) t;
        INSERT INTO search_words (kind, reference, key)
        SELECT 'clip', id::text, replace(caption, '#', '') FROM clips
        """,
    ),
    (
        "ties",
        """
        INSERT INTO follows (follower_id, followee_id, state)
        SELECT bench_id(1, n), bench_id(1, 1 + (n * 7 + k * k * 13) % {people}), 'accepted'
          FROM generate_series(1, {tied}) n, generate_series(1, 30) k
         WHERE n <> 1 + (n * 7 + k * k * 13) % {people} ON CONFLICT DO NOTHING;
        INSERT INTO likes (person_id, clip_id)
        SELECT bench_id(1, n), bench_id(2, 1 + (n * 31 + k * 1009) % {clips})
          FROM generate_series(1, {tied}) n, generate_series(1, 40) k ON CONFLICT DO NOTHING;
        INSERT INTO comments (id, clip_id, author_id, text)
        SELECT bench_id(4, n), bench_id(2, 1 + n * 17 % {clips}), bench_id(1, 1 + n % {people}), 'Well seen, ' || n
          FROM generate_series(1, {clips}) n;
        INSERT INTO comments (id, clip_id, author_id, text)
        SELECT bench_id(5, n), bench_id(2, 5), bench_id(1, 1 + n % {people}), 'Well seen, ' || n
          FROM generate_series(1, 500) n
        """,
    ),
    (
        "watch events",
        """
        INSERT INTO watch_events (person_id, at, id, clip_id, kind, watched_ms)
        SELECT bench_id(1, 1 + n % {people}), now() - make_interval(secs => 3600 + n::float8 * 7000000 / {events}),
               bench_id(6, n), bench_id(2, 1 + (n::bigint * 7919 % {clips})::int),
               (ARRAY['impression', 'finish', 'impression', 'skip', 'impression', 'like'])[1 + n % 6], 4000
          FROM generate_series(1, {events}) n
        """,
    ),
)


async def populate(admin: Any, *, people: int, clips: int, events: int, tied: int | None = None) -> None:
    """Write the rows as the administrator, with triggers off; then gather statistics.

    `tied` of the people follow others and like clips: all, if it is not given.
    """
    await admin.execute(
        "CREATE OR REPLACE FUNCTION bench_id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS "
        "$$ SELECT ('0190' || lpad(to_hex(kind), 4, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$"
    )
    await admin.execute("SET session_replication_role = replica")
    values = {
        "people": people,
        "clips": clips,
        "events": events,
        "tied": people if tied is None else tied,
        "sounds": max(1, min(5000, clips // 10)),
        "media": json.dumps(_MEDIA),
        "words": "{" + ",".join(WORDS) + "}",
    }
    for name, step in _STEPS:
        began = time.perf_counter()
        filled = step
        for key, value in values.items():
            filled = filled.replace("{" + key + "}", str(value))
        await admin.execute(filled)
        print(f"  {name}: {time.perf_counter() - began:.0f} s", flush=True)
    await admin.execute("SET session_replication_role = origin")
    await admin.execute("ANALYZE")
