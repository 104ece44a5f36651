-- Functions of the room contacts. Run by every migration, as reelm_owner, after functions.sql.

-- Draw on the allowance of whoever's session asks; for the keys process alone, before it evaluates anything. 2,000 at
-- once (500 in the first day of an account) and one more every 432 seconds, which is 200 a day. All of it or nothing:
-- the row's lock puts those who ask at the same moment one after the other, and the clock is read under it.
CREATE OR REPLACE FUNCTION reelm.spend_evaluations(many integer)
RETURNS TABLE (allowed boolean, remaining integer, at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  each constant interval := '432 seconds';
  me uuid := reelm.subject();
  since timestamptz;
  moment timestamptz;
  whole timestamptz;
  most integer;
BEGIN
  IF me IS NULL OR reelm.purpose() <> 'session' OR many < 1 THEN RETURN; END IF;
  SELECT created_at INTO since FROM people WHERE id = me AND realm IS NULL;
  IF since IS NULL THEN RETURN; END IF;
  INSERT INTO contact_standings (person_id) VALUES (me) ON CONFLICT (person_id) DO NOTHING;
  SELECT whole_at INTO whole FROM contact_standings WHERE person_id = me FOR UPDATE;
  moment := clock_timestamp();
  most := CASE WHEN moment - since < interval '1 day' THEN 500 ELSE 2000 END;
  whole := greatest(whole, moment);
  remaining := greatest(0, most - ceil(extract(epoch FROM whole - moment) / extract(epoch FROM each))::integer);
  allowed := many <= remaining;
  IF allowed THEN
    UPDATE contact_standings SET whole_at = whole + many * each WHERE person_id = me;
    remaining := remaining - many;
    at := moment;
  ELSE
    at := greatest(moment, whole - (most - many) * each);
  END IF;
  RETURN NEXT;
END $$;

-- The next entries of the set that everybody may fetch, in their order, one after the other: 92 bytes each, and not
-- whose they are. Nobody under sixteen is in it.
CREATE OR REPLACE FUNCTION reelm.contact_set(after bytea, at_most integer) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(string_agg(e.entry, ''::bytea ORDER BY e.entry), ''::bytea)
    FROM (SELECT c.entry FROM contact_entries c JOIN person_details d ON d.person_id = c.person_id
           WHERE d.age_band <> 'under16' AND (after IS NULL OR c.entry > after)
           ORDER BY c.entry LIMIT least(at_most, 20000)) AS e
$$;

-- An entry names a handle. When that is no more, the entry goes, and the person is told.
CREATE OR REPLACE FUNCTION reelm.on_handle_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM contact_entries WHERE person_id = new.id;
  IF FOUND THEN
    INSERT INTO contact_standings (person_id, dropped_at) VALUES (new.id, now())
      ON CONFLICT (person_id) DO UPDATE SET dropped_at = now();
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER handle_changed AFTER UPDATE OF handle ON people
  FOR EACH ROW WHEN (new.handle IS DISTINCT FROM old.handle) EXECUTE FUNCTION reelm.on_handle_changed();
