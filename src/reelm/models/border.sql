-- What operators may do at the border. Run by every migration, as reelm_owner, after federation.sql.

-- Try a delivery again that was given up; false where there is no such one, or who asks is no operator.
CREATE OR REPLACE FUNCTION reelm.retry_delivery(delivery uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT reelm.is_operator() THEN RETURN false; END IF;
  UPDATE crossing_batches SET state = CASE WHEN entry_index IS NULL THEN 'recorded' ELSE 'released' END,
         attempts = 0, next_at = now(), done_at = NULL, made_at = now()
   WHERE id = delivery AND direction = 'out' AND state = 'dead';
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE crossings SET state = 'recorded', reason = NULL WHERE batch_id = delivery AND state = 'dead';
  PERFORM pg_notify('crossings', '');
  RETURN true;
END $$;
