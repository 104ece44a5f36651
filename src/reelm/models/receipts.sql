-- Functions of receipts. Run by every migration, as reelm_owner, after functions.sql.

-- Index rows of receipts, from the process that made them: rows may be added, and nothing else. Once each, however
-- often they are told; a person who is gone meanwhile keeps none, but the leaf that was promised goes its way.
CREATE OR REPLACE FUNCTION reelm.keep_receipts(
  people uuid[], ids uuid[], times timestamptz[], leaves bytea[], segments text[], places integer[], lengths integer[],
  clip_lists text[], source_lists text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO receipt_leaves (leaf, at) SELECT * FROM unnest(leaves, times) AS given (leaf, at) ORDER BY 1
    ON CONFLICT (leaf) DO NOTHING;
  INSERT INTO receipts (person_id, id, at, leaf, segment, place, length, clips, sources)
  SELECT g.person_id, g.id, g.at, g.leaf, g.segment, g.place, g.length, g.clips::uuid[], g.sources::smallint[]
    FROM unnest(people, ids, times, leaves, segments, places, lengths, clip_lists, source_lists)
      AS g (person_id, id, at, leaf, segment, place, length, clips, sources)
   WHERE EXISTS (SELECT 1 FROM people p WHERE p.id = g.person_id)
      ON CONFLICT (person_id, id) DO NOTHING;
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
