-- Functions of learning: the only way by which what was watched reaches the learner. Run by every migration, as
-- reelm_owner, after functions.sql.
--
-- The learner (role reelm_indexer) never sees a person, only a pseudonym: half of HMAC-SHA256 of the person's id under
-- a secret that no login role can read. `begin_learning` throws the secret away and makes a new one; with it goes
-- whatever ties the old pseudonyms to the new ones.

CREATE TABLE IF NOT EXISTS vault.learning_secret (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  epoch bigint NOT NULL,
  inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
  outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64),
  made_at timestamptz NOT NULL DEFAULT now()
);
REVOKE ALL ON vault.learning_secret FROM PUBLIC;

-- A new secret, so new pseudonyms for everybody; returns the number by which the learner knows that they changed.
CREATE OR REPLACE FUNCTION reelm.begin_learning() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  secret bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  begun bigint;
BEGIN
  INSERT INTO vault.learning_secret AS s (epoch, inner_pad, outer_pad)
  VALUES (1, vault.padded_key(secret, 54), vault.padded_key(secret, 92))
      ON CONFLICT (only_one) DO UPDATE SET epoch = s.epoch + 1, inner_pad = excluded.inner_pad,
         outer_pad = excluded.outer_pad, made_at = now()
  RETURNING epoch INTO begun;
  RETURN begun;
END $$;

-- Who may be learned from now: the present epoch, and the pseudonyms (16 bytes each) of the people who let their feed
-- learn, with no order that says anything. NULL before the first `begin_learning`.
CREATE OR REPLACE FUNCTION reelm.learning_people() RETURNS TABLE (epoch bigint, people bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.epoch, coalesce(string_agg(name, ''::bytea ORDER BY name), ''::bytea)
    FROM vault.learning_secret s
    LEFT JOIN LATERAL (
      SELECT substring(sha256(s.outer_pad || sha256(s.inner_pad || uuid_send(p.id))) FROM 1 FOR 16) AS name
        FROM people p LEFT JOIN feed_settings f ON f.person_id = p.id
       WHERE p.realm IS NULL AND coalesce(f.profiling AND f.learning, true)) AS those ON true
   GROUP BY s.epoch
$$;

-- Those who asked their feed to forget: what they watched before that time is not learned from.
CREATE OR REPLACE FUNCTION reelm.learning_resets(since timestamptz) RETURNS TABLE (person bytea, reset_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT substring(sha256(s.outer_pad || sha256(s.inner_pad || uuid_send(f.person_id))) FROM 1 FOR 16), f.reset_at
    FROM vault.learning_secret s, feed_settings f WHERE f.reset_at > since
$$;

-- A page of what was watched of other people's public clips, in the order in which it was stored: everything stored
-- after `after` and not after `until`, about `most` rows of it; all of one moment come together, so that the next page
-- begins after the last moment of this one. Nothing of who turned profiling off or paused learning, nothing that was
-- watched while they had, nothing from before they asked their feed to forget.
CREATE OR REPLACE FUNCTION reelm.learning_events(after timestamptz, until timestamptz, most integer)
RETURNS TABLE (stored_at timestamptz, person bytea, clip_id uuid, kind text, watched_ms integer, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT w.stored_at, substring(sha256(s.outer_pad || sha256(s.inner_pad || uuid_send(w.person_id))) FROM 1 FOR 16),
         w.clip_id, w.kind, w.watched_ms, w.at
    FROM vault.learning_secret s
    CROSS JOIN watch_events w
    JOIN clips c ON c.id = w.clip_id AND c.audience = 'everyone' AND c.status = 'ready'
     AND c.published_at IS NOT NULL AND c.author_id <> w.person_id
    LEFT JOIN feed_settings f ON f.person_id = w.person_id
   WHERE w.stored_at > after AND w.stored_at <= until AND w.kind <> 'progress' AND w.learns
     AND w.at >= after - interval '8 days' AND w.at <= until + interval '1 day'
     AND coalesce(f.profiling AND f.learning, true) AND (f.reset_at IS NULL OR w.at > f.reset_at)
   ORDER BY w.stored_at FETCH FIRST least(greatest(most, 1), 50000) ROWS WITH TIES
$$;

-- Whether anything that counts was stored after `after` and not after `until`.
CREATE OR REPLACE FUNCTION reelm.learning_waits(after timestamptz, until timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM watch_events w WHERE w.stored_at > after AND w.stored_at <= until AND w.learns
    AND w.at >= after - interval '8 days' AND w.kind NOT IN ('progress', 'impression'))
$$;

-- When the oldest event that is kept was stored, to the day.
CREATE OR REPLACE FUNCTION reelm.learning_begins() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT date_trunc('day', min(w.stored_at)) FROM watch_events w
$$;

-- The words by which public clips are found, in the order of their ids.
CREATE OR REPLACE FUNCTION reelm.learning_words(ids uuid[]) RETURNS TABLE (clip_id uuid, terms text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, w.terms[1:64] FROM clips c JOIN search_words w ON w.kind = 'clip' AND w.reference = c.id::text
   WHERE c.id = ANY (ids) AND c.audience = 'everyone' AND c.status = 'ready' AND c.published_at IS NOT NULL
$$;
