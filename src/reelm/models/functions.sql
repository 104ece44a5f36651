-- Functions and triggers of the realm's database. Run by every migration, as reelm_owner, after subject.sql.
-- Each SECURITY DEFINER function is one narrow need that crosses people; nothing else does (03 §3).

-- Who stands between the subject and others. Evaluated once a statement, as an init plan.
CREATE OR REPLACE FUNCTION reelm.blocked_by() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(person_id), '{}') FROM blocks WHERE blocked_id = reelm.subject()
$$;

CREATE OR REPLACE FUNCTION reelm.blocks_either_way() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(other), '{}') FROM (
    SELECT person_id AS other FROM blocks WHERE blocked_id = reelm.subject()
    UNION ALL
    SELECT blocked_id FROM blocks WHERE person_id = reelm.subject()) AS either
$$;

-- Ties as the person followed has them; the table itself shows each follower theirs. Two conditions in two places,
-- each of which is part of every index condition, and not one with OR, which never is: what EXPLAIN ANALYZE says of
-- rows that were found and then left out would tell anybody whether one stranger follows another.
CREATE OR REPLACE VIEW reelm.followers WITH (security_barrier) AS
  SELECT follower_id, followee_id, state, created_at FROM public.follows
   WHERE followee_id = ANY (ARRAY[(SELECT reelm.subject())]) AND followee_id = (SELECT reelm.subject())
  WITH CASCADED CHECK OPTION;
REVOKE ALL ON reelm.followers FROM PUBLIC, reelm_web, reelm_worker, reelm_keys, reelm_catalog, reelm_indexer,
  reelm_border;
GRANT SELECT, UPDATE (state), DELETE ON reelm.followers TO reelm_web;
GRANT SELECT ON reelm.followers TO reelm_worker, reelm_keys;

-- The job queue may be added to, not read: a job carries the ticket that lets the worker act for a person.
CREATE OR REPLACE FUNCTION reelm.enqueue(
  entry text, body bytea, delay interval, urgency integer, once_key text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH added AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
    VALUES (urgency, entry, body, now() + delay, once_key, 'queued')
    ON CONFLICT (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status]))
      AND (dedupe_key IS NOT NULL)) DO NOTHING
    RETURNING id, entrypoint, priority)
  INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
  SELECT id, 'queued', entrypoint, priority FROM added
$$;

-- The border may say that something arrived, and nothing else of what the queue takes.
CREATE OR REPLACE FUNCTION reelm.announce_arrivals() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT reelm.enqueue('federation.take_in', '\x7b7d', interval '0', 0, NULL)
$$;

-- A one-time invitation gives the subject a role; returns whether it was good.
CREATE OR REPLACE FUNCTION reelm.take_invitation(presented bytea, at_time timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE granted text;
BEGIN
  UPDATE invitations SET used_at = at_time
   WHERE token_hash = presented AND used_at IS NULL AND expires_at > greatest(at_time, now())
  RETURNING role INTO granted;
  IF granted IS NULL THEN RETURN false; END IF;
  UPDATE person_details SET role = granted WHERE person_id = reelm.subject();
  RETURN true;
END $$;

-- Words of public things. Only the person a thing belongs to may put its words here.
CREATE OR REPLACE FUNCTION reelm.put_words(
  of_kind text, of_reference text, words text, pairs text[], in_language text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE own boolean;
BEGIN
  own := CASE of_kind
    WHEN 'person' THEN of_reference = reelm.subject()::text
    WHEN 'clip' THEN EXISTS (SELECT 1 FROM clips WHERE id = of_reference::uuid AND author_id = reelm.subject()
                             AND audience = 'everyone' AND status = 'ready' AND published_at IS NOT NULL)
    WHEN 'sound' THEN EXISTS (SELECT 1 FROM sounds s JOIN clips c ON c.id = s.origin_clip_id
                              WHERE s.id = of_reference::uuid AND s.author_id = reelm.subject()
                              AND c.audience = 'everyone' AND c.published_at IS NOT NULL)
    WHEN 'tag' THEN EXISTS (SELECT 1 FROM clip_tags t JOIN clips c ON c.id = t.clip_id WHERE t.tag = of_reference
                            AND c.author_id = reelm.subject() AND c.audience = 'everyone')
    ELSE false END;
  IF NOT own THEN RETURN; END IF;
  -- Most words are here already, as they are: then no row is locked that another publication waits for.
  IF EXISTS (SELECT 1 FROM search_words w WHERE w.kind = of_kind AND w.reference = of_reference
             AND w.key = words AND w.language = in_language) THEN RETURN; END IF;
  INSERT INTO search_words (kind, reference, key, terms, language)
  VALUES (of_kind, of_reference, words, reelm.terms_of(words, pairs), in_language)
  ON CONFLICT (kind, reference) DO UPDATE
    SET key = excluded.key, terms = excluded.terms, language = excluded.language;
END $$;

-- What a text is found by: its words, and the single signs and pairs of scripts that have no gaps.
CREATE OR REPLACE FUNCTION reelm.terms_of(words text, pairs text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(DISTINCT left(term, 64)), '{}')
    FROM unnest(string_to_array(words, ' ') || string_to_array(replace(words, '_', ' '), ' ') || pairs) AS term
   WHERE term <> ''
$$;

-- The dictionary follows the words, a statement at a time, in one order so that two statements never wait for
-- each other; a word that nothing has any more is forgotten.
CREATE OR REPLACE FUNCTION reelm.on_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE kinds text[]; words text[]; steps integer[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(kind ORDER BY kind, term), array_agg(term ORDER BY kind, term),
           array_agg(step ORDER BY kind, term) INTO kinds, words, steps
      FROM (SELECT kind, term, count(*) AS step FROM after, unnest(terms) AS term GROUP BY kind, term) AS moved;
  ELSIF TG_OP = 'DELETE' THEN
    SELECT array_agg(kind ORDER BY kind, term), array_agg(term ORDER BY kind, term),
           array_agg(step ORDER BY kind, term) INTO kinds, words, steps
      FROM (SELECT kind, term, -count(*) AS step FROM before, unnest(terms) AS term GROUP BY kind, term) AS moved;
  ELSE
    WITH turned AS (
      SELECT kind, b.terms AS old_terms, a.terms AS new_terms FROM before b JOIN after a USING (kind, reference)
       WHERE a.terms <> b.terms)
    SELECT array_agg(kind ORDER BY kind, term), array_agg(term ORDER BY kind, term),
           array_agg(step ORDER BY kind, term) INTO kinds, words, steps
      FROM (SELECT kind, term, sum(one) AS step
              FROM (SELECT kind, unnest(old_terms) AS term, -1 AS one FROM turned
                    UNION ALL SELECT kind, unnest(new_terms), 1 FROM turned) AS each
             GROUP BY kind, term HAVING sum(one) <> 0) AS moved;
  END IF;
  INSERT INTO search_terms AS t (kind, term, uses)
  SELECT * FROM unnest(kinds, words, steps)
      ON CONFLICT (kind, term) DO UPDATE SET uses = t.uses + excluded.uses;
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM search_terms t USING unnest(kinds, words) AS moved (kind, term)
     WHERE t.kind = moved.kind AND t.term = moved.term AND t.uses <= 0;
  END IF;
  RETURN NULL;
END $$;

-- How well known a thing is, in quarters of a doubling, so that what matches equally is found by it. Everything
-- when `since` is NULL; then tags that no public clip carries any more are forgotten, too.
CREATE OR REPLACE FUNCTION reelm.weigh_words(since timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE changed integer;
BEGIN
  IF since IS NULL THEN
    DELETE FROM search_words w WHERE w.kind = 'tag' AND NOT EXISTS (
      SELECT 1 FROM clip_tags t JOIN clips c ON c.id = t.clip_id
       WHERE t.tag = w.reference AND c.audience = 'everyone' AND c.status = 'ready' AND c.published_at IS NOT NULL);
  END IF;
  WITH known AS (
    SELECT 'clip' AS kind, clip_id::text AS reference,
           views / 4.0 + likes * 2 + comments * 3 + reposts * 3 + shares * 4 AS score
      FROM clip_counters WHERE since IS NULL OR changed_at >= since
    UNION ALL SELECT 'person', id::text, followers + likes / 10.0 FROM people
    UNION ALL SELECT 'sound', id::text, uses FROM sounds
    UNION ALL SELECT 'tag', t.tag, count(*) FROM clip_tags t
     WHERE since IS NULL OR t.tag IN (SELECT unnest(c.tags) FROM clips c WHERE c.changed_at >= since)
     GROUP BY t.tag),
  weighed AS (SELECT kind, reference, floor(4 * ln(1 + greatest(score, 0)) / ln(2))::smallint AS weight FROM known)
  UPDATE search_words w SET weight = n.weight FROM weighed n
   WHERE w.kind = n.kind AND w.reference = n.reference AND w.weight <> n.weight;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$;

-- Who told somebody of something can take it back (a like that is one no more), without seeing what they read.
-- Without a kind: everything the subject ever told that person.
CREATE OR REPLACE FUNCTION reelm.withdraw_notices(
  of_person uuid, of_kind text, of_clip uuid, of_comment uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone integer;
BEGIN
  DELETE FROM notices WHERE actor_id = reelm.subject() AND person_id = of_person AND (of_kind IS NULL OR (
    kind = of_kind AND clip_id IS NOT DISTINCT FROM of_clip AND comment_id IS NOT DISTINCT FROM of_comment));
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone > 0 THEN PERFORM pg_notify('notice', of_person::text || ' -'); END IF;
END $$;

CREATE OR REPLACE FUNCTION reelm.count_share(of_clip uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE clip_counters SET shares = shares + 1, changed_at = now() WHERE clip_id = of_clip
    AND EXISTS (SELECT 1 FROM clips WHERE id = of_clip AND audience = 'everyone' AND published_at IS NOT NULL)
$$;

-- Counters move in the statement that makes them move.
CREATE OR REPLACE FUNCTION reelm.on_like() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE of_clip uuid := coalesce(new.clip_id, old.clip_id); step integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
  UPDATE clip_counters SET likes = likes + step, changed_at = now() WHERE clip_id = of_clip;
  UPDATE people SET likes = likes + step WHERE id = (SELECT author_id FROM clips WHERE id = of_clip);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_repost() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE clip_counters SET reposts = reposts + CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END, changed_at = now()
   WHERE clip_id = coalesce(new.clip_id, old.clip_id);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_comment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE step integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
  UPDATE clip_counters SET comments = comments + step, changed_at = now()
   WHERE clip_id = coalesce(new.clip_id, old.clip_id);
  UPDATE comments SET replies = replies + step WHERE id = coalesce(new.parent_id, old.parent_id);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_comment_like() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE comments SET likes = likes + CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END
   WHERE id = coalesce(new.comment_id, old.comment_id);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  before integer := CASE WHEN TG_OP <> 'INSERT' AND old.state = 'accepted' THEN 1 ELSE 0 END;
  after integer := CASE WHEN TG_OP <> 'DELETE' AND new.state = 'accepted' THEN 1 ELSE 0 END;
BEGIN
  IF before <> after THEN
    UPDATE people SET following = following + after - before WHERE id = coalesce(new.follower_id, old.follower_id);
    UPDATE people SET followers = followers + after - before WHERE id = coalesce(new.followee_id, old.followee_id);
  END IF;
  RETURN NULL;
END $$;

-- A clip's life, as others must hear of it: counters, its place in search, the live catalog, its author's page.
CREATE OR REPLACE FUNCTION reelm.on_clip() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  was boolean := TG_OP <> 'INSERT' AND old.status = 'ready' AND old.published_at IS NOT NULL;
  is_now boolean := TG_OP <> 'DELETE' AND new.status = 'ready' AND new.published_at IS NOT NULL;
  was_public boolean := was AND old.audience = 'everyone';
  is_public boolean := is_now AND new.audience = 'everyone';
BEGIN
  IF TG_OP = 'INSERT' THEN INSERT INTO clip_counters (clip_id) VALUES (new.id); END IF;
  IF was_public <> is_public THEN
    UPDATE people SET clips = clips + CASE WHEN is_public THEN 1 ELSE -1 END
     WHERE id = coalesce(new.author_id, old.author_id);
  END IF;
  IF was_public AND NOT is_public THEN
    DELETE FROM search_words WHERE kind = 'clip' AND reference = old.id::text;
    DELETE FROM search_words WHERE kind = 'sound' AND reference IN
      (SELECT id::text FROM sounds WHERE origin_clip_id = old.id);
  END IF;
  IF was_public OR is_public THEN
    PERFORM pg_notify('catalog', coalesce(new.id, old.id)::text);
  END IF;
  IF TG_OP = 'UPDATE' AND (old.stage, old.percent, old.status) IS DISTINCT FROM (new.stage, new.percent, new.status)
  THEN
    PERFORM pg_notify('clip', new.author_id::text || ' ' || new.id::text);
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_clip_sound() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  before uuid := CASE WHEN TG_OP <> 'INSERT' AND old.published_at IS NOT NULL THEN old.sound_id END;
  after uuid := CASE WHEN TG_OP <> 'DELETE' AND new.published_at IS NOT NULL THEN new.sound_id END;
BEGIN
  IF before IS DISTINCT FROM after THEN
    UPDATE sounds SET uses = uses - 1 WHERE id = before;
    UPDATE sounds SET uses = uses + 1 WHERE id = after;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_sound_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM search_words WHERE kind = 'sound' AND reference = old.id::text;
  UPDATE clips SET sound_id = NULL WHERE sound_id = old.id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_person_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM search_words WHERE kind = 'person' AND reference = old.id::text;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_notify('notice', new.person_id::text || ' ' || new.id::text);
  RETURN NULL;
END $$;

-- A batch of watch events: one update a clip, in id order so that two batches never wait for each other.
CREATE OR REPLACE FUNCTION reelm.on_watch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  WITH moved AS (
    SELECT clip_id, count(*) FILTER (WHERE kind = 'impression') AS seen,
           count(*) FILTER (WHERE kind = 'finish') AS finished, count(*) FILTER (WHERE kind = 'skip') AS skipped
      FROM stored WHERE kind IN ('impression', 'finish', 'skip') GROUP BY clip_id),
  held AS (
    SELECT c.clip_id FROM clip_counters c JOIN moved m USING (clip_id) ORDER BY c.clip_id FOR UPDATE OF c)
  UPDATE clip_counters c
     SET views = c.views + m.seen, finishes = c.finishes + m.finished, skips = c.skips + m.skipped,
         changed_at = now()
    FROM moved m JOIN held h USING (clip_id) WHERE c.clip_id = m.clip_id;
  INSERT INTO clip_reach AS r (clip_id, day, source, impressions)
  SELECT s.clip_id, (s.at AT TIME ZONE 'UTC')::date, s.source, count(*) FROM stored s
   WHERE s.kind = 'impression' AND EXISTS (SELECT 1 FROM clips c WHERE c.id = s.clip_id)
   GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
      ON CONFLICT (clip_id, day, source) DO UPDATE SET impressions = r.impressions + excluded.impressions;
  RETURN NULL;
END $$;

-- Watch events live in one partition a week (from Monday); the schedule makes them ahead and drops them after.
CREATE OR REPLACE FUNCTION reelm.keep_event_days(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE monday date; part record; dropped integer := 0;
BEGIN
  FOR monday IN SELECT generate_series(date_trunc('week', first_day), last_day, interval '7 days')::date LOOP
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF watch_events FOR VALUES FROM (%L) TO (%L)',
      'watch_events_' || to_char(monday, 'YYYYMMDD'), monday::text || ' 00:00+00', (monday + 7)::text || ' 00:00+00');
  END LOOP;
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'watch_events'::regclass
      AND to_date(right(c.relname, 8), 'YYYYMMDD') + 7 <= first_day LOOP
    EXECUTE format('DROP TABLE %I', part.relname);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;

-- What no longer serves anyone. Returns how many rows went.
CREATE OR REPLACE FUNCTION reelm.forget_old(before_notices timestamptz, before_answers timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone integer; total integer := 0;
BEGIN
  DELETE FROM notices WHERE created_at < before_notices; GET DIAGNOSTICS gone = ROW_COUNT; total := total + gone;
  DELETE FROM answers WHERE created_at < before_answers; GET DIAGNOSTICS gone = ROW_COUNT; total := total + gone;
  DELETE FROM invitations WHERE expires_at < before_notices; GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN total + gone;
END $$;

-- Which uploads have run out, and which of these clip or upload ids still exist: the cleaner's two questions.
CREATE OR REPLACE FUNCTION reelm.expire_uploads(at_time timestamptz) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM upload_parts p USING uploads u
   WHERE u.id = p.upload_id AND u.expires_at < at_time AND u.clip_id IS NULL;
  DELETE FROM uploads WHERE expires_at < at_time AND clip_id IS NULL RETURNING id;
$$;

CREATE OR REPLACE FUNCTION reelm.existing_ids(candidates uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id FROM clips WHERE id = ANY (candidates) UNION SELECT id FROM uploads WHERE id = ANY (candidates)
  UNION SELECT id FROM people WHERE id = ANY (candidates)
  UNION SELECT id FROM exports WHERE id = ANY (candidates) AND state IN ('waiting', 'running', 'ready')
$$;


-- Which clips wait for an hour that has come, and whose they are: the schedule acts for each author by ticket.
CREATE OR REPLACE FUNCTION reelm.due_clips(at_time timestamptz) RETURNS TABLE (clip_id uuid, author_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id, author_id FROM clips WHERE publish_at <= at_time AND published_at IS NULL AND NOT draft
    AND status = 'ready'
$$;

-- For `reelm keys` alone: the sealed key of a clip that the subject may see.
CREATE OR REPLACE FUNCTION reelm.wrapped_clip_key(of_clip uuid) RETURNS TABLE (author_id uuid, wrapped_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT k.author_id, k.wrapped_key FROM clip_keys k WHERE k.clip_id = of_clip
$$;

-- For `reelm keys` alone, when a grant opens one person's data (release rule (c)): it checks the grant before it asks,
-- and no other role may call these. What is sealed stays sealed here; others appear by their public names only.
CREATE OR REPLACE FUNCTION reelm.enrolled_staff(key_ids text[]) RETURNS TABLE (key_id text, person_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.key_id, s.person_id FROM staff s JOIN person_details d ON d.person_id = s.person_id
   WHERE s.key_id = ANY (key_ids) AND s.state = 'enrolled' AND d.role = 'operator'
$$;

CREATE OR REPLACE FUNCTION reelm.granted_identity(of_person uuid)
RETURNS TABLE (birth_date_sealed bytea, country_sealed bytea, email_sealed bytea, phone_sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT d.birth_date_sealed, d.country_sealed, d.email_sealed, d.phone_sealed FROM person_details d
   WHERE d.person_id = of_person
$$;

CREATE OR REPLACE FUNCTION reelm.granted_ties(of_person uuid, skip integer, most integer)
RETURNS TABLE (kind text, handle text, display_name text, requested boolean, since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.kind, p.handle, p.display_name, t.requested, t.since FROM (
    SELECT 'following' AS kind, followee_id AS other, state = 'requested' AS requested, created_at AS since
      FROM follows WHERE follower_id = of_person
    UNION ALL
    SELECT 'follower', follower_id, state = 'requested', created_at FROM follows WHERE followee_id = of_person
    UNION ALL
    SELECT 'blocks', blocked_id, false, created_at FROM blocks WHERE person_id = of_person) AS t
    JOIN people p ON p.id = t.other
   ORDER BY t.since DESC, t.kind, p.handle OFFSET skip LIMIT least(most, 1000)
$$;

CREATE OR REPLACE FUNCTION reelm.granted_watched(of_person uuid, skip integer, most integer)
RETURNS TABLE (at timestamptz, clip_id uuid, kind text, watched_ms integer, position_ms integer, source text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT w.at, w.clip_id, w.kind, w.watched_ms, w.position_ms, w.source FROM watch_events w
   WHERE w.person_id = of_person ORDER BY w.at DESC, w.id OFFSET skip LIMIT least(most, 1000)
$$;

CREATE OR REPLACE FUNCTION reelm.granted_clips(of_person uuid, skip integer, most integer)
RETURNS TABLE (id uuid, status text, caption text, audience text, draft boolean, created_at timestamptz,
               published_at timestamptz, media jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, c.status, c.caption, c.audience, c.draft, c.created_at, c.published_at, c.media FROM clips c
   WHERE c.author_id = of_person
     AND NOT (c.audience = 'everyone' AND c.status = 'ready' AND c.published_at IS NOT NULL)
   ORDER BY c.id DESC OFFSET skip LIMIT least(most, 1000)
$$;

CREATE OR REPLACE FUNCTION reelm.granted_clip(of_person uuid, of_clip uuid)
RETURNS TABLE (id uuid, status text, caption text, audience text, draft boolean, created_at timestamptz,
               published_at timestamptz, media jsonb, wrapped_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, c.status, c.caption, c.audience, c.draft, c.created_at, c.published_at, c.media, k.wrapped_key
    FROM clips c JOIN clip_keys k ON k.clip_id = c.id AND k.author_id = c.author_id
   WHERE c.author_id = of_person AND c.id = of_clip
     AND NOT (c.audience = 'everyone' AND c.status = 'ready' AND c.published_at IS NOT NULL)
$$;

-- The hourly account of released keys, from `reelm keys` alone: once for each reference, however often it is told.
CREATE OR REPLACE FUNCTION reelm.tell_released(entry_ref uuid, entry bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO ledger_entries (ref, kind, body) VALUES (entry_ref, 'keys.released', entry) ON CONFLICT (ref) DO NOTHING
$$;

CREATE OR REPLACE TRIGGER liked AFTER INSERT OR DELETE ON likes FOR EACH ROW EXECUTE FUNCTION reelm.on_like();
CREATE OR REPLACE TRIGGER reposted AFTER INSERT OR DELETE ON reposts
  FOR EACH ROW EXECUTE FUNCTION reelm.on_repost();
CREATE OR REPLACE TRIGGER commented AFTER INSERT OR DELETE ON comments
  FOR EACH ROW EXECUTE FUNCTION reelm.on_comment();
CREATE OR REPLACE TRIGGER comment_liked AFTER INSERT OR DELETE ON comment_likes
  FOR EACH ROW EXECUTE FUNCTION reelm.on_comment_like();
CREATE OR REPLACE TRIGGER followed AFTER INSERT OR UPDATE OR DELETE ON follows
  FOR EACH ROW EXECUTE FUNCTION reelm.on_follow();
CREATE OR REPLACE TRIGGER clip_changed AFTER INSERT OR UPDATE OR DELETE ON clips
  FOR EACH ROW EXECUTE FUNCTION reelm.on_clip();
CREATE OR REPLACE TRIGGER clip_sound_changed AFTER INSERT OR UPDATE OR DELETE ON clips
  FOR EACH ROW EXECUTE FUNCTION reelm.on_clip_sound();
CREATE OR REPLACE TRIGGER sound_gone AFTER DELETE ON sounds FOR EACH ROW EXECUTE FUNCTION reelm.on_sound_gone();
CREATE OR REPLACE TRIGGER person_gone AFTER DELETE ON people FOR EACH ROW EXECUTE FUNCTION reelm.on_person_gone();
CREATE OR REPLACE TRIGGER noticed AFTER INSERT ON notices FOR EACH ROW EXECUTE FUNCTION reelm.on_notice();
CREATE OR REPLACE TRIGGER watched AFTER INSERT ON watch_events
  REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION reelm.on_watch();
CREATE OR REPLACE TRIGGER words_added AFTER INSERT ON search_words
  REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION reelm.on_words();
CREATE OR REPLACE TRIGGER words_removed AFTER DELETE ON search_words
  REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION reelm.on_words();
CREATE OR REPLACE TRIGGER words_changed AFTER UPDATE ON search_words
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION reelm.on_words();

-- After a restore, which fires no trigger: words of what is gone go, and every counter is as it follows from what is
-- there.
CREATE OR REPLACE FUNCTION reelm.recount() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE people p SET
    followers = (SELECT count(*) FROM follows f WHERE f.followee_id = p.id AND f.state = 'accepted'),
    following = (SELECT count(*) FROM follows f WHERE f.follower_id = p.id AND f.state = 'accepted'),
    clips = (SELECT count(*) FROM clips c WHERE c.author_id = p.id AND c.audience = 'everyone'
             AND c.status = 'ready' AND c.published_at IS NOT NULL),
    likes = (SELECT count(*) FROM likes l JOIN clips c ON c.id = l.clip_id WHERE c.author_id = p.id);
  UPDATE clip_counters n SET
    likes = (SELECT count(*) FROM likes WHERE clip_id = n.clip_id),
    comments = (SELECT count(*) FROM comments WHERE clip_id = n.clip_id),
    reposts = (SELECT count(*) FROM reposts WHERE clip_id = n.clip_id);
  UPDATE comments c SET
    likes = (SELECT count(*) FROM comment_likes WHERE comment_id = c.id),
    replies = (SELECT count(*) FROM comments r WHERE r.parent_id = c.id);
  UPDATE sounds s SET uses = (SELECT count(*) FROM clips WHERE sound_id = s.id AND published_at IS NOT NULL);
  DELETE FROM search_words w WHERE CASE w.kind
    WHEN 'person' THEN NOT EXISTS (SELECT 1 FROM people WHERE id::text = w.reference)
    WHEN 'clip' THEN NOT EXISTS (SELECT 1 FROM clips WHERE id::text = w.reference)
    WHEN 'sound' THEN NOT EXISTS (SELECT 1 FROM sounds WHERE id::text = w.reference)
    WHEN 'tag' THEN NOT EXISTS (SELECT 1 FROM clip_tags WHERE tag = w.reference) END;
  DELETE FROM search_terms;
  INSERT INTO search_terms (kind, term, uses)
  SELECT kind, term, count(*) FROM search_words, unnest(terms) AS term GROUP BY kind, term;
$$;

-- While a backup is put back: whoever has no key any more is gone, whatever the backup still says in public.
CREATE OR REPLACE FUNCTION reelm.keep_people(kept uuid[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone integer;
BEGIN
  -- Those of other realms never had one here.
  DELETE FROM people WHERE id <> ALL (kept) AND realm IS NULL;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;
