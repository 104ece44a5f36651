-- Functions of the room federation. Run by every migration, as reelm_owner, after functions.sql.
--
-- What people of other realms do here comes in by these and by nothing else. Each begins with the arrival it is about,
-- which only the border can write, and only while that is held; and each lets people of the realm it came from act,
-- never anybody who lives here. What they do here is what anybody could: under blocks, audiences and permissions.

-- The realm an arrival came from, as long as it waits to be taken in.
CREATE OR REPLACE FUNCTION reelm.arrival_peer(of_arrival uuid) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.peer FROM arrivals a JOIN peers p ON p.realm = a.peer AND p.state = 'open'
   WHERE a.id = of_arrival AND a.state = 'held' FOR UPDATE OF a
$$;

-- Whether an address is one that a realm gives out.
CREATE OR REPLACE FUNCTION reelm.is_uri_of(of_realm text, of_uri text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM peers WHERE realm = of_realm AND ids <> ''
                 AND starts_with(of_uri, rtrim(ids, '/') || '/') AND length(of_uri) <= 500)
$$;

-- Who or what of a realm is known here by an address; NULL for what is unknown or gone.
CREATE OR REPLACE FUNCTION reelm.foreign_thing(of_realm text, of_kind text, of_uri text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT thing_id FROM foreign_things WHERE uri = of_uri AND peer = of_realm AND kind = of_kind AND gone_at IS NULL
$$;

CREATE OR REPLACE FUNCTION reelm.is_blocked_between(one uuid, other uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM blocks WHERE (person_id = one AND blocked_id = other)
                 OR (person_id = other AND blocked_id = one))
$$;

-- A public clip that people of a realm may do something with here: somebody's of this realm, or of their own.
CREATE OR REPLACE FUNCTION reelm.clip_open_to(of_realm text, of_clip uuid, of_person uuid)
RETURNS TABLE (id uuid, author_id uuid, allow_comments boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, c.author_id, c.allow_comments FROM clips c JOIN people p ON p.id = c.author_id
   WHERE c.id = of_clip AND c.audience = 'everyone' AND c.status = 'ready' AND c.published_at IS NOT NULL
     AND (p.realm IS NULL OR p.realm = of_realm) AND NOT reelm.is_blocked_between(of_person, c.author_id)
$$;

-- A person of another realm, new or with what changed; their row here, or NULL where they are not taken in.
CREATE OR REPLACE FUNCTION reelm.put_foreign_person(
  of_realm text, of_uri text, fresh uuid, called text, shown text, about text, asks_first boolean,
  words text, pairs text[], as_of timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  known foreign_things;
  full_handle text;
BEGIN
  IF of_realm IS NULL OR NOT reelm.is_uri_of(of_realm, of_uri)
     OR called !~ '^[A-Za-z0-9][A-Za-z0-9_.]{1,22}[A-Za-z0-9_]$' THEN RETURN NULL; END IF;
  SELECT * INTO known FROM foreign_things WHERE uri = of_uri FOR UPDATE;
  IF FOUND AND (known.peer <> of_realm OR known.kind <> 'person' OR known.gone_at >= as_of) THEN RETURN NULL; END IF;
  full_handle := called || '@' || of_realm;
  IF EXISTS (SELECT 1 FROM people WHERE handle_key = lower(full_handle) AND id IS DISTINCT FROM known.thing_id) THEN
    RETURN NULL;
  END IF;
  UPDATE people SET handle = full_handle, handle_key = lower(full_handle), display_name = shown, bio = about,
                    private = asks_first
   WHERE id = known.thing_id AND realm = of_realm AND coalesce(known.updated <= as_of, true);
  IF NOT FOUND THEN
    IF known.gone_at IS NULL AND EXISTS (SELECT 1 FROM people WHERE id = known.thing_id) THEN
      RETURN known.thing_id;
    END IF;
    INSERT INTO people (id, handle, handle_key, display_name, bio, private, realm)
    VALUES (fresh, full_handle, lower(full_handle), shown, about, asks_first, of_realm);
    known.thing_id := fresh;
  END IF;
  INSERT INTO foreign_things (uri, kind, thing_id, peer, updated) VALUES (of_uri, 'person', known.thing_id, of_realm, as_of)
  ON CONFLICT (uri) DO UPDATE SET thing_id = excluded.thing_id, updated = excluded.updated, gone_at = NULL;
  INSERT INTO search_words (kind, reference, key, terms, language)
  VALUES ('person', known.thing_id::text, words, reelm.terms_of(words, pairs), '')
  ON CONFLICT (kind, reference) DO UPDATE SET key = excluded.key, terms = excluded.terms;
  RETURN known.thing_id;
END $$;

CREATE OR REPLACE FUNCTION reelm.take_in_person(
  of_arrival uuid, of_uri text, fresh uuid, called text, shown text, about text, asks_first boolean,
  words text, pairs text[], as_of timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT reelm.put_foreign_person(
    reelm.arrival_peer(of_arrival), of_uri, fresh, called, shown, about, asks_first, words, pairs, as_of)
$$;

-- Somebody whom a person here looked for by address, as their realm answered the border. The only way in without an
-- arrival: it makes known who there is, and lets nobody do anything.
CREATE OR REPLACE FUNCTION reelm.take_in_found(
  of_realm text, of_uri text, fresh uuid, called text, shown text, about text, asks_first boolean,
  words text, pairs text[], as_of timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT reelm.put_foreign_person(
    (SELECT realm FROM peers WHERE realm = of_realm AND state = 'open'), of_uri, fresh, called, shown, about, asks_first,
    words, pairs, as_of)
$$;

-- A person of another realm is shown by a picture, or no more; returns whether it changed.
CREATE OR REPLACE FUNCTION reelm.place_avatar(of_person uuid, name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE people SET avatar = name WHERE id = of_person AND realm IS NOT NULL AND avatar IS DISTINCT FROM name;
  RETURN FOUND;
END $$;

-- A clip of another realm, new or with what changed. It is shown once `place_clip` has its bytes.
CREATE OR REPLACE FUNCTION reelm.take_in_clip(
  of_arrival uuid, of_uri text, author_uri text, fresh uuid, said jsonb, link jsonb,
  made_at timestamptz, as_of timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of_realm text := reelm.arrival_peer(of_arrival);
  author uuid := reelm.foreign_thing(of_realm, 'person', author_uri);
  known foreign_things;
  row_id uuid;
BEGIN
  IF author IS NULL OR NOT reelm.is_uri_of(of_realm, of_uri) THEN RETURN NULL; END IF;
  SELECT * INTO known FROM foreign_things WHERE uri = of_uri FOR UPDATE;
  IF FOUND AND (known.peer <> of_realm OR known.kind <> 'clip' OR known.gone_at >= as_of) THEN RETURN NULL; END IF;
  SELECT id INTO row_id FROM clips WHERE id = known.thing_id AND author_id = author;
  IF row_id IS NULL AND EXISTS (SELECT 1 FROM clips WHERE id = known.thing_id) THEN RETURN NULL; END IF;
  IF row_id IS NOT NULL AND known.updated > as_of THEN RETURN row_id; END IF;
  IF row_id IS NULL THEN
    INSERT INTO clips (id, author_id, status, visibility, audience, sealed, imported, keep_original, language, created_at)
    VALUES (fresh, author, 'processing', 'everyone', 'everyone', false, true, false, said->>'language',
            least(made_at, now()));
    row_id := fresh;
  END IF;
  UPDATE clips SET caption = said->>'caption', language = said->>'language', changed_at = now(),
      tags = ARRAY(SELECT jsonb_array_elements_text(said->'tags')),
      mentions = ARRAY(SELECT jsonb_array_elements_text(said->'mentions')),
      label_ai = (said->>'label_ai')::boolean, label_paid = (said->>'label_paid')::boolean,
      allow_comments = (said->>'allow_comments')::boolean, allow_download = (said->>'allow_download')::boolean,
      allow_sound_reuse = false
   WHERE id = row_id;
  INSERT INTO foreign_things (uri, kind, thing_id, peer, updated, media) VALUES (of_uri, 'clip', row_id, of_realm, as_of, link)
  ON CONFLICT (uri) DO UPDATE SET thing_id = excluded.thing_id, updated = excluded.updated, gone_at = NULL,
    media = foreign_things.media || excluded.media;
  PERFORM reelm.word_foreign_clip(row_id, said);
  RETURN row_id;
END $$;

-- Words and tags of a foreign clip that is shown; for one that isn't yet nothing happens.
CREATE OR REPLACE FUNCTION reelm.word_foreign_clip(of_clip uuid, said jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE shown timestamptz; each jsonb;
BEGIN
  SELECT published_at INTO shown FROM clips WHERE id = of_clip AND status = 'ready';
  DELETE FROM clip_tags WHERE clip_id = of_clip AND NOT said->'tags' ? tag;
  INSERT INTO clip_tags (tag, clip_id, published_at)
  SELECT tag, of_clip, shown FROM jsonb_array_elements_text(said->'tags') AS tag
  ON CONFLICT (tag, clip_id) DO UPDATE SET published_at = excluded.published_at;
  IF shown IS NULL THEN RETURN; END IF;
  FOR each IN SELECT * FROM jsonb_array_elements(said->'words') LOOP
    INSERT INTO search_words AS w (kind, reference, key, terms, language)
    VALUES (each->>'kind', coalesce(each->>'reference', of_clip::text), each->>'key',
            reelm.terms_of(each->>'key', ARRAY(SELECT jsonb_array_elements_text(each->'pairs'))), each->>'language')
    ON CONFLICT (kind, reference) DO UPDATE SET key = excluded.key, terms = excluded.terms, language = excluded.language
     WHERE w.key <> excluded.key;
  END LOOP;
END $$;

-- The bytes of a foreign clip are this realm's own now: it is shown.
CREATE OR REPLACE FUNCTION reelm.place_clip(of_clip uuid, record jsonb, digest text, said jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE foreign_things SET media = media || jsonb_build_object('placed', digest)
   WHERE thing_id = of_clip AND kind = 'clip' AND gone_at IS NULL AND media->>'digest' = digest;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE clips c SET media = record, status = 'ready', stage = 'ready', percent = 100, ladder_complete = true,
      published_at = coalesce(c.published_at, c.created_at), changed_at = now()
    FROM people p WHERE c.id = of_clip AND p.id = c.author_id AND p.realm IS NOT NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM reelm.word_foreign_clip(of_clip, said);
  RETURN true;
END $$;

-- What a person of another realm says under a clip: `taken`, or why not.
CREATE OR REPLACE FUNCTION reelm.take_in_comment(
  of_arrival uuid, of_uri text, author_uri text, fresh uuid, of_clip uuid, of_parent uuid, said text,
  made_at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of_realm text := reelm.arrival_peer(of_arrival);
  author uuid := reelm.foreign_thing(of_realm, 'person', author_uri);
  known foreign_things;
  under record;
  parent comments;
BEGIN
  IF author IS NULL THEN RETURN 'author'; END IF;
  IF NOT reelm.is_uri_of(of_realm, of_uri) THEN RETURN 'forged'; END IF;
  SELECT * INTO known FROM foreign_things WHERE uri = of_uri FOR UPDATE;
  IF FOUND THEN RETURN CASE WHEN known.gone_at IS NULL AND known.peer = of_realm THEN 'known' ELSE 'gone' END; END IF;
  SELECT * INTO under FROM reelm.clip_open_to(of_realm, of_clip, author);
  IF under.id IS NULL THEN RETURN 'clip'; END IF;
  IF NOT under.allow_comments AND under.author_id <> author THEN RETURN 'closed'; END IF;
  IF of_parent IS NOT NULL THEN
    SELECT * INTO parent FROM comments WHERE id = of_parent AND clip_id = of_clip;
    IF parent.id IS NULL OR reelm.is_blocked_between(author, parent.author_id) THEN RETURN 'parent'; END IF;
  END IF;
  INSERT INTO comments (id, clip_id, author_id, parent_id, text, created_at)
  VALUES (fresh, of_clip, author, coalesce(parent.parent_id, parent.id), said, least(made_at, now()));
  INSERT INTO foreign_things (uri, kind, thing_id, peer, updated) VALUES (of_uri, 'comment', fresh, of_realm, made_at);
  RETURN 'taken';
END $$;

-- A like or a repost by a person of another realm of what somebody of this realm made, or that it is taken back:
-- `taken`, `known`, or why not.
CREATE OR REPLACE FUNCTION reelm.take_in_mark(
  of_arrival uuid, actor_uri text, mark text, of_thing uuid, undone boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of_realm text := reelm.arrival_peer(of_arrival);
  actor uuid := reelm.foreign_thing(of_realm, 'person', actor_uri);
  of_clip uuid := of_thing;
  maker uuid;
  under record;
BEGIN
  IF actor IS NULL THEN RETURN 'author'; END IF;
  IF mark = 'comment_like' THEN
    SELECT clip_id, author_id INTO of_clip, maker FROM comments WHERE id = of_thing;
  ELSE
    SELECT author_id INTO maker FROM clips WHERE id = of_thing;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM people WHERE id = maker AND realm IS NULL) THEN RETURN 'thing'; END IF;
  IF undone THEN
    CASE mark
      WHEN 'like' THEN DELETE FROM likes WHERE person_id = actor AND clip_id = of_thing;
      WHEN 'repost' THEN DELETE FROM reposts WHERE person_id = actor AND clip_id = of_thing;
      ELSE DELETE FROM comment_likes WHERE person_id = actor AND comment_id = of_thing;
    END CASE;
    DELETE FROM notices WHERE person_id = maker AND actor_id = actor AND clip_id = of_clip
      AND kind = CASE mark WHEN 'comment_like' THEN NULL ELSE mark END;
    RETURN 'taken';
  END IF;
  SELECT * INTO under FROM reelm.clip_open_to(of_realm, of_clip, actor);
  IF under.id IS NULL OR reelm.is_blocked_between(actor, maker) THEN RETURN 'thing'; END IF;
  CASE mark
    WHEN 'like' THEN INSERT INTO likes (person_id, clip_id) VALUES (actor, of_thing) ON CONFLICT DO NOTHING;
    WHEN 'repost' THEN INSERT INTO reposts (person_id, clip_id) VALUES (actor, of_thing) ON CONFLICT DO NOTHING;
    WHEN 'comment_like' THEN
      INSERT INTO comment_likes (person_id, comment_id) VALUES (actor, of_thing) ON CONFLICT DO NOTHING;
    ELSE RETURN 'mark';
  END CASE;
  RETURN CASE WHEN FOUND THEN 'taken' ELSE 'known' END;
END $$;

-- A person of another realm follows somebody here (`accepted`, or `requested` where the account is private), or no
-- longer (`undone`); otherwise why not.
CREATE OR REPLACE FUNCTION reelm.take_in_follow(
  of_arrival uuid, actor_uri text, followee uuid, undone boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of_realm text := reelm.arrival_peer(of_arrival);
  actor uuid := reelm.foreign_thing(of_realm, 'person', actor_uri);
  followed people;
  became text;
BEGIN
  IF actor IS NULL THEN RETURN 'author'; END IF;
  SELECT * INTO followed FROM people WHERE id = followee AND realm IS NULL;
  IF followed.id IS NULL THEN RETURN 'thing'; END IF;
  IF undone THEN
    DELETE FROM follows WHERE follower_id = actor AND followee_id = followee;
    DELETE FROM notices WHERE person_id = followee AND actor_id = actor AND kind IN ('follow', 'follow_request');
    RETURN 'undone';
  END IF;
  IF reelm.is_blocked_between(actor, followee) THEN RETURN 'blocked'; END IF;
  INSERT INTO follows (follower_id, followee_id, state)
  VALUES (actor, followee, CASE WHEN followed.private THEN 'requested' ELSE 'accepted' END) ON CONFLICT DO NOTHING
  RETURNING state INTO became;
  RETURN coalesce(became, (SELECT 'still_' || state FROM follows WHERE follower_id = actor AND followee_id = followee));
END $$;

-- Another realm's answer to a follow of somebody here: `accepted` or `rejected`; otherwise why not.
CREATE OR REPLACE FUNCTION reelm.answer_follow(
  of_arrival uuid, actor_uri text, follower uuid, accepted boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of_realm text := reelm.arrival_peer(of_arrival);
  actor uuid := reelm.foreign_thing(of_realm, 'person', actor_uri);
BEGIN
  IF actor IS NULL THEN RETURN 'author'; END IF;
  IF NOT EXISTS (SELECT 1 FROM follows f JOIN people p ON p.id = f.follower_id AND p.realm IS NULL
                 WHERE f.follower_id = follower AND f.followee_id = actor) THEN RETURN 'thing'; END IF;
  IF NOT accepted THEN
    DELETE FROM follows WHERE follower_id = follower AND followee_id = actor;
    RETURN 'rejected';
  END IF;
  UPDATE follows SET state = 'accepted' WHERE follower_id = follower AND followee_id = actor AND state = 'requested';
  RETURN CASE WHEN FOUND THEN 'accepted' ELSE 'known' END;
END $$;

-- What another realm takes back: its own person, clip or comment, by whom it belongs to. Returns the clips whose bytes
-- are to go. What is not known here yet is remembered as gone, should it come late.
CREATE OR REPLACE FUNCTION reelm.withdraw_thing(
  of_arrival uuid, of_uri text, actor_uri text, at_time timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of_realm text := reelm.arrival_peer(of_arrival);
  known foreign_things;
  author uuid;
BEGIN
  IF of_realm IS NULL OR NOT reelm.is_uri_of(of_realm, of_uri) THEN RETURN; END IF;
  SELECT * INTO known FROM foreign_things WHERE uri = of_uri FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO foreign_things (uri, kind, thing_id, peer, gone_at) VALUES (of_uri, CASE
      WHEN of_uri LIKE '%/people/%' THEN 'person' WHEN of_uri LIKE '%/comments/%' THEN 'comment' ELSE 'clip' END,
      gen_random_uuid(), of_realm, at_time);
    RETURN;
  END IF;
  author := reelm.foreign_thing(of_realm, 'person', actor_uri);
  IF known.peer <> of_realm OR known.gone_at IS NOT NULL OR author IS NULL OR known.updated > at_time THEN RETURN; END IF;
  CASE known.kind
    WHEN 'person' THEN
      IF known.thing_id <> author THEN RETURN; END IF;
      RETURN QUERY SELECT id FROM clips WHERE author_id = author;
      UPDATE foreign_things t SET gone_at = at_time, media = NULL WHERE t.thing_id IN (
        SELECT id FROM clips WHERE author_id = author UNION ALL SELECT id FROM comments WHERE author_id = author);
      PERFORM reelm.end_threads(author);
      DELETE FROM people WHERE id = author AND realm = of_realm;
    WHEN 'clip' THEN
      RETURN QUERY DELETE FROM clips WHERE id = known.thing_id AND author_id = author RETURNING id;
      IF NOT FOUND THEN RETURN; END IF;
    ELSE
      DELETE FROM comments WHERE id = known.thing_id AND author_id = author;
      IF NOT FOUND THEN RETURN; END IF;
  END CASE;
  UPDATE foreign_things SET gone_at = at_time, media = NULL WHERE uri = of_uri;
END $$;

-- How many people of another realm watched a clip of somebody here, as that realm says, never few of them.
CREATE OR REPLACE FUNCTION reelm.take_in_views(of_arrival uuid, of_clip uuid, said bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of_realm text := reelm.arrival_peer(of_arrival);
  before bigint;
BEGIN
  IF of_realm IS NULL OR said < 20 OR said > 1000000000000 THEN RETURN 'count'; END IF;
  IF NOT EXISTS (SELECT 1 FROM clips c JOIN people p ON p.id = c.author_id AND p.realm IS NULL
                 WHERE c.id = of_clip AND c.audience = 'everyone' AND c.published_at IS NOT NULL) THEN
    RETURN 'thing';
  END IF;
  SELECT views INTO before FROM views_abroad WHERE clip_id = of_clip AND peer = of_realm FOR UPDATE;
  IF said <= coalesce(before, 0) THEN RETURN 'known'; END IF;
  INSERT INTO views_abroad (clip_id, peer, views) VALUES (of_clip, of_realm, said)
  ON CONFLICT (clip_id, peer) DO UPDATE SET views = excluded.views, told_at = now();
  UPDATE clip_counters SET views = views + said - coalesce(before, 0), changed_at = now() WHERE clip_id = of_clip;
  RETURN 'taken';
END $$;

-- Whom to tell of what an arrival did: who made the public clip, and the comment under it that was answered.
CREATE OR REPLACE FUNCTION reelm.authors_for(of_arrival uuid, of_clip uuid, of_comment uuid)
RETURNS TABLE (clip_author uuid, comment_author uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.author_id, (SELECT m.author_id FROM comments m WHERE m.id = of_comment AND m.clip_id = c.id) FROM clips c
   WHERE c.id = of_clip AND c.audience = 'everyone' AND c.published_at IS NOT NULL
     AND EXISTS (SELECT 1 FROM arrivals a WHERE a.id = of_arrival AND a.state = 'held')
$$;

-- People of this realm hear what people of the arrival's realm did; whom a block keeps apart hears nothing.
CREATE OR REPLACE FUNCTION reelm.tell_from_abroad(
  of_arrival uuid, actor_uri text, of_kind text, told uuid[], ids uuid[], of_clip uuid, of_comment uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of_realm text := reelm.arrival_peer(of_arrival);
  actor uuid := reelm.foreign_thing(of_realm, 'person', actor_uri);
BEGIN
  IF actor IS NULL OR of_kind NOT IN
     ('follow', 'follow_request', 'follow_accepted', 'like', 'repost', 'mention', 'comment', 'reply') THEN RETURN; END IF;
  INSERT INTO notices (person_id, id, kind, actor_id, clip_id, comment_id)
  SELECT p.id, t.id, of_kind, actor, of_clip, of_comment FROM unnest(told, ids) AS t (person_id, id)
    JOIN people p ON p.id = t.person_id AND p.realm IS NULL
   WHERE NOT reelm.is_blocked_between(actor, p.id);
END $$;

-- Notices are for people who live here: whoever has nobody to read them to gets none.
CREATE OR REPLACE FUNCTION reelm.on_notice_abroad() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM people WHERE id = new.person_id AND realm IS NOT NULL) THEN RETURN NULL; END IF;
  RETURN new;
END $$;
CREATE OR REPLACE TRIGGER notice_stays_home BEFORE INSERT ON notices
  FOR EACH ROW EXECUTE FUNCTION reelm.on_notice_abroad();

-- --- outwards: all about the subject alone --------------------------------------------------------------------

-- Where the subject is followed from.
CREATE OR REPLACE FUNCTION reelm.peers_following() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT p.realm FROM follows f JOIN people p ON p.id = f.follower_id
   WHERE f.followee_id = reelm.subject() AND f.state = 'accepted' AND p.realm IS NOT NULL
$$;

-- Which realms have a thing: the subject's own, a comment under a clip of theirs, or a clip that everyone may see.
CREATE OR REPLACE FUNCTION reelm.peers_with(of_thing uuid) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT peer FROM (
    SELECT DISTINCT ON (c.peer) c.peer, c.act FROM crossings c
     WHERE c.thing_id = of_thing AND c.act IN ('Create', 'Update', 'Delete') AND c.state NOT IN ('refused', 'taken_back')
       AND (c.person_id = reelm.subject() OR EXISTS (SELECT 1 FROM clips k WHERE k.id = of_thing
            AND k.audience = 'everyone' AND k.status = 'ready' AND k.published_at IS NOT NULL)
            OR EXISTS (SELECT 1 FROM comments m JOIN clips k ON k.id = m.clip_id
                       WHERE m.id = of_thing AND k.author_id = reelm.subject()))
     ORDER BY c.peer, c.number DESC) AS last
   WHERE act <> 'Delete'
$$;

-- Take back what of the subject's waits to cross; whether it, or an earlier one like it, is over there already, so that
-- it has to be undone there. `done` is the act: Follow, Like, Announce, or Create with its changes.
CREATE OR REPLACE FUNCTION reelm.take_back(of_thing uuid, of_peer text, done text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  acts text[] := CASE done WHEN 'Create' THEN ARRAY['Create', 'Update'] ELSE ARRAY[done] END;
  last text;
BEGIN
  UPDATE crossings SET state = 'taken_back', document = NULL, done_at = now()
   WHERE person_id = reelm.subject() AND thing_id = of_thing AND peer = of_peer AND state = 'asked' AND act = ANY (acts);
  SELECT act INTO last FROM crossings
   WHERE person_id = reelm.subject() AND thing_id = of_thing AND peer = of_peer AND state NOT IN ('refused', 'taken_back')
     AND (act = ANY (acts) OR (act = 'Undo' AND object_type = done) OR (act = 'Delete' AND done = 'Create'))
   ORDER BY number DESC LIMIT 1;
  RETURN coalesce(last = ANY (acts), false);
END $$;

-- Which of the subject's acts towards a realm stand, latest first: what a withdrawal has to undo.
CREATE OR REPLACE FUNCTION reelm.standing_acts(of_peer text)
RETURNS TABLE (act text, object_type text, thing_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT what, of_type, thing FROM (
    SELECT DISTINCT ON (thing, what) thing, what, of_type, undone, number FROM (
      SELECT c.thing_id AS thing, c.number, c.object_type AS of_type, c.act IN ('Undo', 'Delete') AS undone,
             CASE c.act WHEN 'Undo' THEN c.object_type WHEN 'Delete' THEN 'Create' WHEN 'Update' THEN 'Create'
                        ELSE c.act END AS what
        FROM crossings c WHERE c.person_id = reelm.subject() AND c.peer = of_peer AND c.thing_id IS NOT NULL
         AND c.state NOT IN ('refused', 'taken_back')
         AND c.act IN ('Create', 'Update', 'Delete', 'Follow', 'Like', 'Announce', 'Undo')) AS each
     ORDER BY thing, what, number DESC) AS last
   WHERE NOT undone ORDER BY number DESC
$$;

-- In the job of an erasure: what waits to cross is taken back, what crossed keeps no trace of the thing; returns every
-- realm that has heard of the subject.
CREATE OR REPLACE FUNCTION reelm.leave_peers() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE me uuid := reelm.subject();
BEGIN
  IF me IS NULL OR reelm.purpose() <> 'rights_erase' THEN RETURN; END IF;
  UPDATE crossings SET state = 'taken_back', document = NULL, done_at = now() WHERE person_id = me AND state = 'asked';
  RETURN QUERY SELECT DISTINCT c.peer FROM crossings c WHERE c.person_id = me AND c.state NOT IN ('refused', 'taken_back');
  UPDATE crossings SET thing_id = NULL, document = NULL WHERE person_id = me;
END $$;

-- Clips of other realms that at least twenty people here watched since the last count, and by how many in all, rounded
-- down to tens.
CREATE OR REPLACE FUNCTION reelm.watched_from_abroad() RETURNS TABLE (peer text, uri text, clip_id uuid, people bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH seen AS (
    SELECT w.clip_id, count(DISTINCT w.person_id) AS people FROM watch_events w
     WHERE w.clip_id IN (SELECT thing_id FROM foreign_things WHERE kind = 'clip' AND gone_at IS NULL)
     GROUP BY w.clip_id HAVING count(DISTINCT w.person_id) >= 20)
  SELECT t.peer, t.uri, t.thing_id, s.people / 10 * 10 FROM foreign_things t JOIN seen s ON s.clip_id = t.thing_id
   WHERE t.kind = 'clip' AND t.gone_at IS NULL AND s.people / 10 * 10 > coalesce((t.media->>'told')::bigint, 0)
$$;

CREATE OR REPLACE FUNCTION reelm.note_views_told(of_clip uuid, told bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE foreign_things SET media = media || jsonb_build_object('told', told)
   WHERE thing_id = of_clip AND kind = 'clip' AND gone_at IS NULL
$$;
