-- Functions of exports, imports and erasures. Run by every migration, as reelm_owner, after functions.sql.

-- Exports whose time is over: their rows say so, their archives are the caller's to remove.
CREATE OR REPLACE FUNCTION reelm.expire_exports(at_time timestamptz) RETURNS TABLE (export_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE exports SET state = 'expired' WHERE state = 'ready' AND expires_at < least(at_time, now()) RETURNING id
$$;

-- Delete what a person said; threads under their comments get their first other answer as their head.
CREATE OR REPLACE FUNCTION reelm.end_threads(of_person uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE promoted record;
BEGIN
  DELETE FROM comments WHERE author_id = of_person AND parent_id IS NOT NULL;
  FOR promoted IN
    SELECT DISTINCT ON (r.parent_id) r.parent_id, r.id FROM comments r JOIN comments p ON p.id = r.parent_id
     WHERE p.author_id = of_person ORDER BY r.parent_id, r.id
  LOOP
    UPDATE comments SET parent_id = promoted.id WHERE parent_id = promoted.parent_id AND id <> promoted.id;
    UPDATE comments SET parent_id = NULL, replies = (SELECT count(*) FROM comments r WHERE r.parent_id = promoted.id)
     WHERE id = promoted.id;
  END LOOP;
  DELETE FROM comments WHERE author_id = of_person;
END $$;

-- Delete every row of the subject. Narrow: only in the job of an erasure, whose ticket is made for somebody who has just
-- proven who they are, and only once their keys are destroyed. False when there is no such erasure.
-- Steps: 1. note which bytes are to go; 2. queue, and names in other people's lists; 3. the person's answers, then
-- threads under their comments get their first other answer as their head; 4. the person, and all that hangs on them.
CREATE OR REPLACE FUNCTION reelm.erase_subject() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of_person uuid := reelm.subject();
  called text;
  left_behind jsonb;
  own_tags text[];
BEGIN
  IF of_person IS NULL OR reelm.purpose() <> 'rights_erase' THEN RETURN false; END IF;
  PERFORM 1 FROM erasures WHERE person_id = of_person AND keys_gone FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  IF EXISTS (SELECT 1 FROM erasures WHERE person_id = of_person AND rows_gone) THEN RETURN true; END IF;
  -- 1.
  SELECT handle INTO called FROM people WHERE id = of_person;
  SELECT coalesce(jsonb_agg(prefix), '[]') INTO left_behind FROM (
    SELECT folder || c.id AS prefix FROM clips c, unnest(ARRAY['public/', 'leaving/', 'sealed/']) AS folder
     WHERE c.author_id = of_person
    UNION ALL SELECT 'uploads/' || id FROM uploads WHERE person_id = of_person
    UNION ALL SELECT 'exports/' || id FROM exports WHERE person_id = of_person
    UNION ALL SELECT 'avatars/' || avatar FROM people WHERE id = of_person AND avatar IS NOT NULL) AS files;
  UPDATE erasures SET leftovers = left_behind WHERE person_id = of_person;
  SELECT coalesce(array_agg(DISTINCT t.tag), '{}') INTO own_tags
    FROM clip_tags t JOIN clips c ON c.id = t.clip_id WHERE c.author_id = of_person;
  -- 2.
  DELETE FROM pgqueuer WHERE status = 'queued' AND entrypoint <> 'rights.erase'
    AND (position(convert_to(of_person::text, 'UTF8') IN payload) > 0
      OR position(convert_to(replace(of_person::text, '-', ''), 'UTF8') IN payload) > 0);
  UPDATE clips SET mentions = array_remove(mentions, called)
   WHERE called = ANY (mentions) AND author_id <> of_person;
  UPDATE imports SET suggestions = suggestions - called WHERE suggestions ? called;
  -- 3.
  PERFORM reelm.end_threads(of_person);
  -- 4.
  DELETE FROM sounds WHERE author_id = of_person;
  DELETE FROM clips WHERE author_id = of_person;
  DELETE FROM people WHERE id = of_person;
  DELETE FROM search_words w WHERE w.kind = 'tag' AND w.reference = ANY (own_tags) AND NOT EXISTS (
    SELECT 1 FROM clip_tags t JOIN clips c ON c.id = t.clip_id
     WHERE t.tag = w.reference AND c.audience = 'everyone' AND c.status = 'ready' AND c.published_at IS NOT NULL);
  UPDATE erasures SET rows_gone = true WHERE person_id = of_person;
  RETURN true;
END $$;
