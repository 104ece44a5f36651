-- Functions of reported messages, and of messages in a person's copy of everything. Run by every migration, as
-- reelm_owner, after grants.sql.

-- The queue, newest first, for staff with an enrolled key: of what kind, how much, and whether it was opened; neither
-- who reported it nor about whom. That is sealed with the rest.
CREATE OR REPLACE FUNCTION reelm.reports_for_staff(before uuid, at_most integer)
RETURNS TABLE (id uuid, category text, items smallint, made_at timestamptz, openings bigint, opened_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.id, r.category, r.items, r.made_at, o.openings, o.opened_at
    FROM message_reports r, LATERAL (
      SELECT count(*) AS openings, max(o.at) AS opened_at FROM message_report_openings o WHERE o.report_id = r.id) o
   WHERE reelm.is_staff() AND (before IS NULL OR r.id < before)
   ORDER BY r.id DESC LIMIT least(at_most, 51)
$$;

-- For `reelm keys` alone: the staff key of an operator, and a report as it is sealed.
CREATE OR REPLACE FUNCTION reelm.staff_key_of(of_person uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.key_id FROM staff s JOIN person_details d ON d.person_id = s.person_id
   WHERE s.person_id = of_person AND s.state = 'enrolled' AND d.role = 'operator'
$$;

CREATE OR REPLACE FUNCTION reelm.disclosed_report(of_report uuid) RETURNS TABLE (person_id uuid, report_sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.person_id, r.report_sealed FROM message_reports r WHERE r.id = of_report
$$;

-- For `reelm keys` alone, before it answers: that a report was opened, so that whoever made it sees it.
CREATE OR REPLACE FUNCTION reelm.note_disclosure(new_id uuid, of_report uuid, of_key text, at_time timestamptz)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO message_report_openings (id, report_id, key_id, at)
  SELECT new_id, r.id, of_key, at_time FROM message_reports r WHERE r.id = of_report
$$;

-- Who is in the subject's conversations, for a copy of everything about them: names for what their devices kept.
CREATE OR REPLACE FUNCTION reelm.own_talks()
RETURNS TABLE (id uuid, kind text, person_id uuid, handle text, display_name text, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, c.kind, p.id, p.handle, p.display_name, o.state
    FROM conversation_members m JOIN conversations c ON c.id = m.conversation_id
    JOIN conversation_members o ON o.conversation_id = c.id JOIN people p ON p.id = o.person_id
   WHERE m.person_id = reelm.subject() AND m.state <> 'left' AND reelm.purpose() = 'rights_export'
   ORDER BY c.id, p.id
$$;
