-- What is told when, and what waits to be pushed. A notice is added by whoever acts, who may know nothing of what
-- the other chose: these functions know it, and tell nobody.

-- The sort that a kind of notice is chosen by; `notices/kinds.py` says the same, and a test holds them together.
CREATE OR REPLACE FUNCTION reelm.notice_sort(of_kind text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT CASE of_kind
    WHEN 'follow' THEN 'follow' WHEN 'follow_accepted' THEN 'follow'
    WHEN 'follow_request' THEN 'request' WHEN 'request' THEN 'request'
    WHEN 'like' THEN 'like' WHEN 'repost' THEN 'like' WHEN 'heart' THEN 'like' WHEN 'pin' THEN 'like'
    WHEN 'comment' THEN 'comment' WHEN 'reply' THEN 'comment'
    WHEN 'mention' THEN 'mention'
    WHEN 'message' THEN 'message'
    WHEN 'activity' THEN 'activity'
    WHEN 'clip_ready' THEN 'clip_ready' WHEN 'clip_failed' THEN 'clip_ready'
    WHEN 'digest' THEN 'digest'
    WHEN 'opened' THEN 'opened' WHEN 'emergency' THEN 'opened'
    ELSE 'other' END
$$;

-- What somebody chose for a kind: push, app or off. That somebody opened their data can't be turned off.
CREATE OR REPLACE FUNCTION reelm.notice_choice(of_person uuid, of_kind text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE sort text := reelm.notice_sort(of_kind); chosen text;
BEGIN
  SELECT CASE WHEN s.digest = 'daily' AND sort IN ('follow', 'like', 'comment', 'mention', 'activity', 'other')
                AND coalesce(s.kinds->>sort, '') <> 'off' THEN 'app' ELSE s.kinds->>sort END
    INTO chosen FROM notice_settings s WHERE s.person_id = of_person;
  chosen := coalesce(chosen, CASE WHEN sort IN ('like', 'activity', 'other') THEN 'app' ELSE 'push' END);
  RETURN CASE WHEN sort = 'opened' AND chosen = 'off' THEN 'app' ELSE chosen END;
END $$;

-- One push waits for each device and each thing; what comes while it waits makes it newer. A job is added with the
-- first: a job that has just sent it removes only what it has sent (`number`), and sees what came since.
CREATE OR REPLACE FUNCTION reelm.add_push(
  of_person uuid, of_kind text, of_about text, of_actor uuid, of_notice uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE fresh integer;
BEGIN
  WITH added AS (
    INSERT INTO pushes AS p (person_id, subscription_id, kind, about, topic, notice_id, actor_id)
    SELECT of_person, s.id, of_kind, of_about, gen_random_uuid(), of_notice, of_actor
      FROM push_subscriptions s WHERE s.person_id = of_person ORDER BY s.id
        ON CONFLICT (subscription_id, kind, about) DO UPDATE
       SET notice_id = excluded.notice_id, actor_id = excluded.actor_id, number = p.number + 1
    RETURNING p.number)
  SELECT count(*) INTO fresh FROM added WHERE number = 1;
  IF fresh > 0 THEN
    PERFORM reelm.enqueue('notices.push', convert_to(json_build_object(
      'job', 'PushJob', 'person_id', of_person)::text, 'UTF8'), interval '0', 0, NULL);
  END IF;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_notice_wanted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF reelm.notice_choice(new.person_id, new.kind) = 'off' THEN RETURN NULL; END IF;
  RETURN new;
END $$;
CREATE OR REPLACE TRIGGER notice_is_wanted BEFORE INSERT ON notices
  FOR EACH ROW EXECUTE FUNCTION reelm.on_notice_wanted();

CREATE OR REPLACE FUNCTION reelm.on_notice_push() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM push_subscriptions WHERE person_id = new.person_id)
     AND reelm.notice_choice(new.person_id, new.kind) = 'push' THEN
    PERFORM reelm.add_push(new.person_id, new.kind, coalesce(new.clip_id::text, ''), new.actor_id, new.id);
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER notice_is_pushed AFTER INSERT ON notices
  FOR EACH ROW EXECUTE FUNCTION reelm.on_notice_push();

-- A device is one person's at a time: whoever has its endpoint, has it. Others' subscriptions of it go.
CREATE OR REPLACE FUNCTION reelm.take_over_device(of_index bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM push_subscriptions WHERE endpoint_index = of_index AND person_id <> reelm.subject()
$$;

-- A session that ended takes its device with it.
CREATE OR REPLACE FUNCTION reelm.end_pushes_of(sessions uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM push_subscriptions WHERE session_id = ANY (sessions)
$$;

-- Whether the subject is under 16: then nights are quiet whatever they chose.
CREATE OR REPLACE FUNCTION reelm.subject_is_young() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM person_details WHERE person_id = reelm.subject() AND age_band = 'under16')
$$;

-- For the worker's schedules, which act for each of them by ticket: for whom something waits that should have gone,
-- and whose digest is due.
CREATE OR REPLACE FUNCTION reelm.pushes_due(at_time timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT person_id FROM pushes WHERE due_at <= at_time AND taken_until <= at_time LIMIT 1000
$$;

CREATE OR REPLACE FUNCTION reelm.digests_due(at_time timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT person_id FROM notice_settings WHERE digest_due_at <= at_time LIMIT 1000
$$;

CREATE OR REPLACE FUNCTION reelm.forget_pushes(before_time timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM pushes WHERE made_at < before_time
$$;

-- Messages are no notices: they push by themselves. The subject wrote (`message`), or asked to write (`request`); told
-- are those whom it reaches, who did not mute the conversation and are not kept apart by a block.
CREATE OR REPLACE FUNCTION reelm.push_of_conversation(of_conversation uuid, of_kind text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE me uuid := reelm.subject(); told uuid;
BEGIN
  IF of_kind NOT IN ('message', 'request') OR NOT of_conversation = ANY (reelm.my_conversations()) THEN RETURN; END IF;
  FOR told IN
    SELECT m.person_id FROM conversation_members m
     WHERE m.conversation_id = of_conversation AND m.person_id <> me
       AND m.state = CASE of_kind WHEN 'message' THEN 'member' ELSE 'requested' END
       AND (of_kind = 'message' OR m.asked_by = me)
       AND (m.muted_until IS NULL OR m.muted_until < now())
       AND m.person_id <> ALL (reelm.blocks_either_way())
       AND EXISTS (SELECT 1 FROM push_subscriptions s WHERE s.person_id = m.person_id)
     ORDER BY m.person_id
  LOOP
    IF reelm.notice_choice(told, of_kind) = 'push' THEN
      PERFORM reelm.add_push(told, of_kind, of_conversation::text, me, NULL);
    END IF;
  END LOOP;
END $$;

-- Whether there is still something to tell the subject of a conversation: not read, not muted, not left.
CREATE OR REPLACE FUNCTION reelm.has_news_of(of_conversation uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (
    SELECT 1 FROM conversation_members m
     WHERE m.conversation_id = of_conversation AND m.person_id = reelm.subject() AND m.state <> 'left'
       AND (m.muted_until IS NULL OR m.muted_until < now())
       AND (m.state = 'requested' OR EXISTS (
         SELECT 1 FROM messages e WHERE e.conversation_id = m.conversation_id AND e.kind = 'message'
            AND e.seq > m.read_seq AND e.sender_id IS DISTINCT FROM m.person_id)))
$$;
