-- Functions of receipts. Run by every migration, as reelm_owner, after functions.sql.

-- These clips with NULL in the place of each one that is gone: how many there were, and where, stays.
CREATE OR REPLACE FUNCTION reelm.without_clips(clips uuid[], gone uuid[]) RETURNS uuid[]
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(CASE WHEN c.id = ANY (gone) THEN NULL ELSE c.id END ORDER BY c.place), '{}')
    FROM unnest(clips) WITH ORDINALITY AS c (id, place)
$$;

-- Index rows of receipts, from the process that made them: rows may be added, and nothing else. Once each, however
-- often they are told; a person who is gone meanwhile keeps none, but the leaf that was promised goes its way. A clip
-- that is gone meanwhile is not named. The lock is what `erase_from_receipts` waits for.
CREATE OR REPLACE FUNCTION reelm.keep_receipts(
  people uuid[], ids uuid[], times timestamptz[], leaves bytea[], segments text[], places integer[], lengths integer[],
  clip_lists text[], source_lists text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone uuid[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('receipts', 0));
  SELECT array_agg(shown.id) INTO gone
    FROM (SELECT DISTINCT unnest(list::uuid[]) AS id FROM unnest(clip_lists) AS list) AS shown
   WHERE NOT EXISTS (SELECT 1 FROM clips c WHERE c.id = shown.id);
  INSERT INTO receipt_leaves (leaf, at) SELECT * FROM unnest(leaves, times) AS given (leaf, at) ORDER BY 1
    ON CONFLICT (leaf) DO NOTHING;
  INSERT INTO receipts (person_id, id, at, leaf, segment, place, length, clips, sources)
  SELECT g.person_id, g.id, g.at, g.leaf, g.segment, g.place, g.length,
         CASE WHEN gone IS NULL THEN g.clips::uuid[] ELSE reelm.without_clips(g.clips::uuid[], gone) END,
         g.sources::smallint[]
    FROM unnest(people, ids, times, leaves, segments, places, lengths, clip_lists, source_lists)
      AS g (person_id, id, at, leaf, segment, place, length, clips, sources)
   WHERE EXISTS (SELECT 1 FROM people p WHERE p.id = g.person_id)
      ON CONFLICT (person_id, id) DO NOTHING;
END $$;

-- Take an erased person's clips out of what other people were shown. Narrow: only in the job of the erasure, once its
-- rows are gone, and only the clips whose bytes it notes. Whoever is adding rows at this moment may still have seen
-- the clips and is waited for; whoever begins later finds them gone.
CREATE OR REPLACE FUNCTION reelm.erase_from_receipts() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  lock constant bigint := hashtextextended('receipts', 0);
  gone uuid[];
  changed integer;
BEGIN
  IF reelm.subject() IS NULL OR reelm.purpose() <> 'rights_erase' THEN RETURN 0; END IF;
  SELECT array_agg(substr(prefix, 8)::uuid) INTO gone
    FROM erasures e, jsonb_array_elements_text(e.leftovers) AS prefix
   WHERE e.person_id = reelm.subject() AND e.rows_gone AND prefix LIKE 'sealed/%';
  IF gone IS NULL THEN RETURN 0; END IF;
  PERFORM pg_advisory_lock(lock);
  PERFORM pg_advisory_unlock(lock);
  UPDATE receipts SET clips = reelm.without_clips(clips, gone) WHERE clips && gone;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$;

-- Where leaves ended up, for whoever knows them.
CREATE OR REPLACE FUNCTION reelm.leaf_places(leaves bytea[])
RETURNS TABLE (leaf bytea, batch bigint, "position" integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT l.leaf, l.batch, l.position FROM receipt_leaves l WHERE l.leaf = ANY (leaves) AND l.batch IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION reelm.forget_receipts(before timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone integer; total integer := 0;
BEGIN
  DELETE FROM receipts WHERE at < before; GET DIAGNOSTICS gone = ROW_COUNT; total := total + gone;
  DELETE FROM receipt_leaves WHERE at < before AND batch IS NOT NULL; GET DIAGNOSTICS gone = ROW_COUNT;
  total := total + gone;
  DELETE FROM receipt_batches WHERE made_at < before AND batch < (SELECT max(batch) FROM receipt_batches);
  DELETE FROM promise_keys WHERE until_at < before - interval '30 days';
  DELETE FROM adjustments a USING adjustment_maps m WHERE m.number = a.ended AND m.made_at < before;
  RETURN total;
END $$;

-- What brought a clip before a person's eyes is what the page that was served says, not what the client claims.
CREATE OR REPLACE FUNCTION reelm.on_impression() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE number smallint;
BEGIN
  SELECT r.sources[array_position(r.clips, new.clip_id)] INTO number FROM receipts r
   WHERE r.person_id = new.person_id AND r.at > now() - interval '1 day' AND new.clip_id = ANY (r.clips)
   ORDER BY r.id DESC LIMIT 1;
  IF number IS NOT NULL THEN
    new.source := coalesce((ARRAY['item', 'next', 'content', 'taste', 'following', 'friends', 'trending', 'fresh',
                                  'boost', 'again'])[number + 1], 'other');
  ELSIF new.source <> ALL (ARRAY['following', 'friends', 'local', 'list', 'clip', 'profile', 'search', 'sound', 'tag'])
  THEN
    new.source := 'other';
  END IF;
  RETURN new;
END $$;
CREATE OR REPLACE TRIGGER impressed BEFORE INSERT ON watch_events
  FOR EACH ROW WHEN (new.kind = 'impression') EXECUTE FUNCTION reelm.on_impression();
