-- Functions and views of staff and grants. Run by every migration, as reelm_owner, after functions.sql.

-- Whether the subject is an operator; and whether one with a key that a keyholder enrolled.
CREATE OR REPLACE FUNCTION reelm.is_operator() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM person_details WHERE person_id = reelm.subject() AND role = 'operator')
$$;

CREATE OR REPLACE FUNCTION reelm.is_staff() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT reelm.is_operator() AND EXISTS (
    SELECT 1 FROM staff WHERE person_id = reelm.subject() AND state = 'enrolled')
$$;

-- Public names for operators. A block hides a person's profile from whom they block, and must not hide it from this.
CREATE OR REPLACE FUNCTION reelm.people_for_staff(keys text[], ids uuid[])
RETURNS TABLE (person_id uuid, handle text, display_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.id, p.handle, p.display_name FROM people p
   WHERE reelm.is_operator() AND (p.handle_key = ANY (keys) OR p.id = ANY (ids))
$$;

-- Whose clip it is, for whoever asked for a grant in force that is about its author's private things.
CREATE OR REPLACE FUNCTION reelm.clip_author_in_grant(of_grant uuid, of_clip uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.author_id FROM grants g JOIN grant_people p ON p.grant_id = g.id JOIN clips c ON c.author_id = p.person_id
   WHERE g.id = of_grant AND c.id = of_clip AND g.asked_by = reelm.subject() AND g.state = 'approved'
     AND 'private' = ANY (g.classes) AND reelm.is_staff()
$$;

-- What the person concerned sees of grants about them: neither who in the staff it was, nor their words.
CREATE OR REPLACE VIEW reelm.openings WITH (security_barrier) AS
  SELECT p.person_id, p.grant_id, p.nonce, p.document, g.state, g.cause, g.classes, g.reason, g.emergency, g.minutes,
         g.requested_at, g.decided_at, g.expires_at, g.ended_at, g.request_leaf, g.decision_leaf, g.end_leaf,
         CASE WHEN g.decided_key IS NULL OR g.decided_key = g.asked_key THEN 1 ELSE 2 END AS staff_involved, g.answer_by
    FROM public.grant_people p JOIN public.grants g ON g.id = p.grant_id AND g.state <> 'draft'
   WHERE p.person_id = ANY (ARRAY[(SELECT reelm.subject())]) AND p.person_id = (SELECT reelm.subject());
CREATE OR REPLACE VIEW reelm.opening_uses WITH (security_barrier) AS
  SELECT u.person_id, u.grant_id, u.id, u.what, u.clip_id, u.state, u.nonce, u.document, u.leaf, u.at
    FROM public.grant_uses u
   WHERE u.person_id = ANY (ARRAY[(SELECT reelm.subject())]) AND u.person_id = (SELECT reelm.subject())
     AND u.state <> 'pending';
REVOKE ALL ON reelm.openings, reelm.opening_uses FROM PUBLIC, reelm_web, reelm_worker, reelm_keys, reelm_catalog,
  reelm_indexer, reelm_border;
GRANT SELECT ON reelm.openings, reelm.opening_uses TO reelm_web, reelm_worker;

-- Tell the people whom a grant is about (`opened`), or the staff of an emergency (`emergency`): without an actor,
-- since who in the staff it was is not for them to know. Once a grant, kind and person is the caller's care.
CREATE OR REPLACE FUNCTION reelm.tell_of_grant(of_grant uuid, of_kind text, told uuid[], ids uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO notices (person_id, id, kind)
  SELECT t.person_id, t.id, of_kind
    FROM unnest(told, ids) AS t (person_id, id) JOIN grants g ON g.id = of_grant AND g.state IN ('approved', 'expired', 'closed')
   WHERE (g.asked_by = reelm.subject() OR g.decided_by = reelm.subject() OR session_user = 'reelm_worker')
     AND CASE of_kind
       WHEN 'opened' THEN EXISTS (
         SELECT 1 FROM grant_people p WHERE p.grant_id = g.id AND p.person_id = t.person_id)
       WHEN 'emergency' THEN g.emergency AND EXISTS (
         SELECT 1 FROM staff s WHERE s.person_id = t.person_id AND s.state = 'enrolled')
       ELSE false END
$$;

-- For the schedules, which act for nobody in particular: what is due, and what the ledger has not confirmed yet.
CREATE OR REPLACE FUNCTION reelm.grants_due(at_time timestamptz)
RETURNS TABLE (grant_id uuid, state text, request_leaf bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id, state, request_leaf FROM grants WHERE request_leaf IS NOT NULL AND (
    (state = 'asked' AND answer_by <= least(at_time, now()))
    OR (state = 'approved' AND expires_at <= least(at_time, now())))
$$;

-- Whether a grant is to be ended now; nobody opens or decides under it until the transaction is over. Before the end's
-- entry is added, so that the ledger has no use behind its grant's end.
CREATE OR REPLACE FUNCTION reelm.hold_due_grant(of_grant uuid, at_time timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM grants WHERE id = of_grant AND (
    (state = 'asked' AND answer_by <= least(at_time, now()))
    OR (state = 'approved' AND expires_at <= least(at_time, now()))) FOR UPDATE;
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION reelm.end_grant(of_grant uuid, at_time timestamptz, entry_ref uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE grants SET state = 'denied', cause = 'unanswered', decided_at = at_time, decision_ref = entry_ref
   WHERE id = of_grant AND state = 'asked' AND answer_by <= least(at_time, now());
  IF FOUND THEN RETURN true; END IF;
  UPDATE grants SET state = 'expired', cause = 'time', ended_at = at_time, end_ref = entry_ref
   WHERE id = of_grant AND state = 'approved' AND expires_at <= least(at_time, now());
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION reelm.unsettled_grants() RETURNS TABLE (ref uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT request_ref FROM grants WHERE request_ref IS NOT NULL AND request_leaf IS NULL
  UNION ALL SELECT decision_ref FROM grants WHERE decision_ref IS NOT NULL AND decision_leaf IS NULL
  UNION ALL SELECT end_ref FROM grants WHERE end_ref IS NOT NULL AND end_leaf IS NULL
  UNION ALL SELECT enrolled_ref FROM staff WHERE enrolled_ref IS NOT NULL AND enrolled_leaf IS NULL
  UNION ALL SELECT left_ref FROM staff WHERE left_ref IS NOT NULL AND left_leaf IS NULL
  UNION ALL SELECT u.ref FROM grant_uses u WHERE u.leaf IS NULL
$$;

-- Note where the ledger has an entry. A use that nobody went on with is `logged`: not known to have been opened.
-- Returns grant and person of such a use if the person was not told of the grant yet.
CREATE OR REPLACE FUNCTION reelm.settle_grant(entry_ref uuid, at_leaf bigint)
RETURNS TABLE (grant_id uuid, person_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE grants SET request_leaf = at_leaf WHERE request_ref = entry_ref;
  UPDATE grants SET decision_leaf = at_leaf WHERE decision_ref = entry_ref;
  UPDATE grants SET end_leaf = at_leaf WHERE end_ref = entry_ref;
  UPDATE staff SET enrolled_leaf = at_leaf WHERE enrolled_ref = entry_ref;
  UPDATE staff SET left_leaf = at_leaf WHERE left_ref = entry_ref;
  RETURN QUERY
    WITH settled AS (
      UPDATE grant_uses u SET state = 'logged', leaf = at_leaf
       WHERE u.ref = entry_ref AND u.state = 'pending' RETURNING u.id, u.grant_id, u.person_id)
    SELECT s.grant_id, s.person_id FROM settled s JOIN grants g ON g.id = s.grant_id
     WHERE NOT g.emergency AND NOT EXISTS (SELECT 1 FROM grant_uses o WHERE o.grant_id = s.grant_id
       AND o.person_id = s.person_id AND o.id <> s.id AND o.state <> 'pending');
END $$;

-- Drafts live a day, grants three years. When a person whom a grant is about goes, the words go.
CREATE OR REPLACE FUNCTION reelm.forget_grants(drafts_before timestamptz, grants_before timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone integer;
BEGIN
  DELETE FROM grants WHERE (state = 'draft' AND created_at < least(drafts_before, now() - interval '1 hour'))
    OR (state IN ('denied', 'expired', 'closed') AND created_at < least(grants_before, now() - interval '1 year'));
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_grant_person_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE grants SET words = '', document = '', document_nonce = '' WHERE id = old.grant_id;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER grant_person_gone AFTER DELETE ON grant_people
  FOR EACH ROW EXECUTE FUNCTION reelm.on_grant_person_gone();

-- Rows of grants only go forward (`custody/grants/states.py`), and what the ledger holds of them is noted once: nobody
-- can take back, by a row, what a person is shown.
CREATE OR REPLACE FUNCTION reelm.on_grant() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF old.state <> new.state AND old.state || ' ' || new.state <> ALL (ARRAY[
    'draft asked', 'asked approved', 'asked denied', 'approved closed', 'approved expired']) THEN
    RAISE EXCEPTION 'a grant does not go from % to %', old.state, new.state USING ERRCODE = '23514';
  END IF;
  IF (old.request_leaf, old.decision_leaf, old.end_leaf, old.request_ref, old.decision_ref, old.end_ref)
     IS DISTINCT FROM
     (CASE WHEN old.request_leaf IS NULL THEN NULL ELSE new.request_leaf END,
      CASE WHEN old.decision_leaf IS NULL THEN NULL ELSE new.decision_leaf END,
      CASE WHEN old.end_leaf IS NULL THEN NULL ELSE new.end_leaf END,
      CASE WHEN old.request_ref IS NULL THEN NULL ELSE new.request_ref END,
      CASE WHEN old.decision_ref IS NULL THEN NULL ELSE new.decision_ref END,
      CASE WHEN old.end_ref IS NULL THEN NULL ELSE new.end_ref END) THEN
    RAISE EXCEPTION 'what the ledger holds of a grant does not change' USING ERRCODE = '23514';
  END IF;
  RETURN new;
END $$;
CREATE OR REPLACE TRIGGER grant_goes_forward BEFORE UPDATE ON grants
  FOR EACH ROW EXECUTE FUNCTION reelm.on_grant();

CREATE OR REPLACE FUNCTION reelm.on_grant_use() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (old.state = 'opened' AND new.state <> 'opened') OR (old.state = 'logged' AND new.state = 'pending')
     OR (old.leaf IS NOT NULL AND new.leaf IS DISTINCT FROM old.leaf) THEN
    RAISE EXCEPTION 'a use is not taken back' USING ERRCODE = '23514';
  END IF;
  RETURN new;
END $$;
CREATE OR REPLACE TRIGGER grant_use_goes_forward BEFORE UPDATE ON grant_uses
  FOR EACH ROW EXECUTE FUNCTION reelm.on_grant_use();

-- For `reelm keys` alone, before it answers: that data of a person was opened. Where the console noted it, nothing is
-- to be done; where somebody went past the console, the person sees it all the same, and is told. `said` is what the
-- entries say, with ids for new rows.
CREATE OR REPLACE FUNCTION reelm.note_opening(of_person uuid, said jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE known uuid; first boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('opening ' || of_person::text, 0));
  SELECT g.id INTO known FROM grants g JOIN grant_people p ON p.grant_id = g.id AND p.person_id = of_person
   WHERE g.request_leaf = (said->>'request')::bigint AND g.state <> 'draft'
     AND p.nonce = decode(said->>'nonce', 'hex') LIMIT 1;
  IF EXISTS (SELECT 1 FROM grant_uses u WHERE u.grant_id = known AND u.person_id = of_person AND u.state <> 'pending'
             AND u.leaf = (said->>'use')::bigint AND u.nonce = decode(said->>'use_nonce', 'hex')) THEN
    RETURN false;
  END IF;
  IF known IS NULL THEN
    known := (said->>'grant_id')::uuid;
    INSERT INTO grants (id, asked_key, state, classes, minutes, reason, words, country, emergency, document,
                        document_nonce, request, request_leaf, decided_key, decision_leaf, requested_at, answer_by,
                        decided_at, expires_at)
    VALUES (known, said->>'asked_key', 'approved', ARRAY(SELECT jsonb_array_elements_text(said->'classes')),
            (said->>'minutes')::integer, said->>'reason', '', said->>'country', (said->>'emergency')::boolean, '', '',
            '', (said->>'request')::bigint, said->>'decided_key', (said->>'approval')::bigint,
            (said->>'requested_at')::timestamptz, (said->>'requested_at')::timestamptz + interval '12 hours',
            (said->>'approved_at')::timestamptz, (said->>'expires_at')::timestamptz);
    INSERT INTO grant_people (grant_id, person_id, reference, nonce, document)
    VALUES (known, of_person, '', decode(said->>'nonce', 'hex'), convert_to(said->>'document', 'UTF8'));
  END IF;
  first := NOT EXISTS (SELECT 1 FROM grant_uses u WHERE u.grant_id = known AND u.person_id = of_person
                       AND u.state <> 'pending');
  INSERT INTO grant_uses (id, grant_id, person_id, what, clip_id, state, nonce, document, ref, leaf, at)
  VALUES ((said->>'use_id')::uuid, known, of_person, said->>'what', (said->>'clip')::uuid, 'opened',
          decode(said->>'use_nonce', 'hex'), convert_to(said->>'use_document', 'UTF8'), (said->>'use_id')::uuid,
          (said->>'use')::bigint, (said->>'used_at')::timestamptz);
  IF first THEN
    INSERT INTO notices (person_id, id, kind) VALUES (of_person, (said->>'notice_id')::uuid, 'opened');
  END IF;
  RETURN true;
END $$;
