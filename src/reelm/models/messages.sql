-- What crosses people in messages: who may write to whom, key packages, conversations, the order of what is sent.
-- Run by every migration, as reelm_owner, after functions.sql.
--
-- Each function acts for the subject of the ticket and asks for itself whether that person may. One that can be refused
-- says why in `refusal` and has then changed nothing. Whoever changes a conversation holds its row: what is in it has
-- one order, without gaps.

-- The conversations that the subject is in, or was asked into. Evaluated once a statement, as an init plan.
CREATE OR REPLACE FUNCTION reelm.my_conversations() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(conversation_id), '{}') FROM conversation_members
   WHERE person_id = (SELECT reelm.subject()) AND state <> 'left'
$$;

-- From which entry on the subject may read, by conversation. Evaluated once a statement, as an init plan.
CREATE OR REPLACE FUNCTION reelm.first_seqs() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(jsonb_object_agg(conversation_id, first_seq), '{}') FROM conversation_members
   WHERE person_id = (SELECT reelm.subject()) AND state <> 'left'
$$;

-- Whether the subject is in a conversation, or was asked into it.
CREATE OR REPLACE FUNCTION reelm.is_in(of_conversation uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM conversation_members WHERE conversation_id = of_conversation
                    AND person_id = (SELECT reelm.subject()) AND state <> 'left')
$$;

-- How somebody may write to another: `no`, `requested` (the other is asked first) or `member`. Nobody is asked who is
-- under sixteen, and nobody under sixteen asks: they write with friends, who follow one another.
CREATE OR REPLACE FUNCTION reelm.may_write(from_person uuid, to_person uuid) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT CASE
      WHEN from_person = to_person OR p.realm IS NOT NULL OR known.blocked OR wish = 'nobody' THEN 'no'
      WHEN (young OR wish = 'friends') AND NOT (known.theirs AND known.mine) THEN 'no'
      WHEN wish = 'followed' AND NOT known.theirs THEN 'no'
      WHEN known.theirs THEN 'member' ELSE 'requested' END
    FROM people p
    LEFT JOIN message_settings s ON s.person_id = p.id
   CROSS JOIN LATERAL (SELECT coalesce(s.who_may_write, 'everyone') AS wish,
       EXISTS (SELECT 1 FROM person_details d WHERE d.person_id IN (from_person, to_person)
                  AND d.age_band = 'under16') AS young) AS said
   CROSS JOIN LATERAL (SELECT
       EXISTS (SELECT 1 FROM follows WHERE follower_id = to_person AND followee_id = from_person
                  AND state = 'accepted') AS theirs,
       EXISTS (SELECT 1 FROM follows WHERE follower_id = from_person AND followee_id = to_person
                  AND state = 'accepted') AS mine,
       EXISTS (SELECT 1 FROM blocks WHERE (person_id, blocked_id) IN
                 ((from_person, to_person), (to_person, from_person))) AS blocked) AS known
   WHERE p.id = to_person
$$;

-- Whether the subject meets somebody in messages: oneself, somebody to write to, or in a conversation of both.
CREATE OR REPLACE FUNCTION reelm.meets(other uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT other = reelm.subject()
      OR coalesce(reelm.may_write(reelm.subject(), other), 'no') <> 'no'
      OR EXISTS (SELECT 1 FROM conversation_members t JOIN conversation_members i USING (conversation_id)
                  WHERE t.person_id = other AND t.state <> 'left'
                    AND i.person_id = (SELECT reelm.subject()) AND i.state <> 'left')
$$;

-- The devices of somebody whom the subject meets, with the key that vouches for them. No row for anybody else.
CREATE OR REPLACE FUNCTION reelm.devices_of(other uuid)
RETURNS TABLE (identity_key bytea, id uuid, signature_key bytea, certificate bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT i.identity_key, d.id, d.signature_key, d.certificate
    FROM message_identities i LEFT JOIN devices d ON d.person_id = i.person_id
   WHERE i.person_id = other AND reelm.meets(other) ORDER BY d.id
$$;

-- One key package of each device of these people, as far as the subject meets them. A one-time one is used up; the one
-- of last resort stays, and comes when there is no other.
CREATE OR REPLACE FUNCTION reelm.claim_key_packages(of_people uuid[])
RETURNS TABLE (person_id uuid, device_id uuid, package bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE each record; taken bytea;
BEGIN
  FOR each IN SELECT d.id, d.person_id AS whose FROM devices d
               WHERE d.person_id = ANY (of_people[1:32]) AND reelm.meets(d.person_id) ORDER BY d.person_id, d.id LOOP
    DELETE FROM key_packages k WHERE (k.device_id, k.digest) IN (
      SELECT o.device_id, o.digest FROM key_packages o WHERE o.device_id = each.id AND NOT o.last_resort
       ORDER BY o.made_at, o.digest LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING k.package INTO taken;
    IF taken IS NULL THEN
      SELECT k.package INTO taken FROM key_packages k WHERE k.device_id = each.id AND k.last_resort;
    END IF;
    IF taken IS NOT NULL THEN
      person_id := each.whose; device_id := each.id; package := taken;
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;

-- Tell everybody in a conversation, on all their devices, how far it is.
CREATE OR REPLACE FUNCTION reelm.hint_conversation(of_conversation uuid) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
  SELECT pg_notify('message', m.person_id::text || ' ' || c.id::text || ' ' || c.last_seq::text)
    FROM conversations c JOIN conversation_members m ON m.conversation_id = c.id
   WHERE c.id = of_conversation AND m.state <> 'left' ORDER BY m.person_id
$$;

-- A group never lacks somebody who may change it.
CREATE OR REPLACE FUNCTION reelm.keep_an_admin(of_conversation uuid, but_not uuid) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
  UPDATE conversation_members SET role = 'admin' WHERE (conversation_id, person_id) IN (
    SELECT m.conversation_id, m.person_id FROM conversation_members m
     WHERE m.conversation_id = of_conversation AND m.state = 'member' AND m.person_id IS DISTINCT FROM but_not
       AND NOT EXISTS (SELECT 1 FROM conversation_members a WHERE a.conversation_id = of_conversation
                          AND a.state = 'member' AND a.role = 'admin' AND a.person_id IS DISTINCT FROM but_not)
     ORDER BY m.joined_at, m.person_id LIMIT 1)
$$;

-- How the subject may bring people into a conversation: each one's state (`member` or `requested`), in order, or a
-- refusal with the ids it is about.
CREATE OR REPLACE FUNCTION reelm.states_of_invited(
  of_people uuid[], of_conversation uuid, welcomed uuid[], OUT refusal text, OUT about uuid[], OUT states text[])
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE me uuid := reelm.subject(); asked integer; now_asked integer;
BEGIN
  SELECT array_agg(coalesce(reelm.may_write(me, p), 'no') ORDER BY o) INTO states
    FROM unnest(of_people) WITH ORDINALITY AS u (p, o);
  SELECT array_agg(p) INTO about FROM unnest(of_people) WITH ORDINALITY AS u (p, o)
   WHERE states[o] = 'no' OR EXISTS (SELECT 1 FROM conversation_members m WHERE m.conversation_id = of_conversation
                                        AND m.person_id = p AND (m.declined OR m.state <> 'left'));
  IF about IS NOT NULL THEN refusal := 'not_possible'; RETURN; END IF;
  SELECT array_agg(p) INTO about FROM unnest(of_people) AS p WHERE NOT EXISTS (
    SELECT 1 FROM devices d WHERE d.person_id = p AND d.id = ANY (welcomed));
  IF about IS NOT NULL THEN refusal := 'without'; RETURN; END IF;
  SELECT count(*) INTO now_asked FROM unnest(states) AS s WHERE s = 'requested';
  IF now_asked > 0 THEN
    -- One at a time for each person, so that two of their devices don't count past each other.
    PERFORM pg_advisory_xact_lock(hashtextextended('reelm requests ' || me::text, 0));
    SELECT count(*) INTO asked FROM conversation_members
     WHERE asked_by = me AND joined_at > clock_timestamp() - interval '1 day';
    IF asked + now_asked > 20 THEN refusal := 'too_many_requests'; END IF;
  END IF;
END $$;

-- Keep a commit in the log with what comes with it: the next epoch, the group's information, and the welcomes of
-- devices that it lets in. The caller holds the conversation. Devices that are no member's are left out.
CREATE OR REPLACE FUNCTION reelm.keep_commit(
  of_conversation uuid, of_id uuid, of_device uuid, at_epoch bigint, body bytea, info bytea, welcome bytea,
  welcomed uuid[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE place bigint;
BEGIN
  UPDATE conversations SET last_seq = last_seq + 1, epoch = epoch + 1, group_info = info WHERE id = of_conversation
  RETURNING last_seq INTO place;
  INSERT INTO messages (conversation_id, seq, kind, id, sender_id, device_id, epoch, body_sealed, at)
  VALUES (of_conversation, place, 'commit', of_id, reelm.subject(), of_device, at_epoch, body, clock_timestamp());
  IF welcome IS NOT NULL THEN
    INSERT INTO welcomes (device_id, conversation_id, person_id, seq, welcome_sealed)
    SELECT d.id, of_conversation, d.person_id, place, welcome
      FROM devices d JOIN conversation_members m ON m.conversation_id = of_conversation AND m.person_id = d.person_id
     WHERE d.id = ANY (welcomed) AND m.state <> 'left' ORDER BY d.id
        ON CONFLICT (device_id, conversation_id) DO UPDATE
       SET seq = excluded.seq, welcome_sealed = excluded.welcome_sealed, made_at = now();
  END IF;
  UPDATE conversation_members m SET devices = joined.all_of_them FROM (
    SELECT k.person_id, array_agg(DISTINCT d.id) AS all_of_them
      FROM conversation_members k JOIN devices d ON d.person_id = k.person_id
     WHERE k.conversation_id = of_conversation AND k.state <> 'left'
       AND (d.id = ANY (k.devices) OR d.id = ANY (welcomed) OR d.id = of_device) GROUP BY k.person_id) AS joined
   WHERE m.conversation_id = of_conversation AND m.person_id = joined.person_id;
  RETURN place;
END $$;

-- Begin a conversation, as its first admin. The same id again is answered as it was (`again`).
CREATE OR REPLACE FUNCTION reelm.begin_conversation(
  of_id uuid, of_kind text, others uuid[], of_device uuid, body bytea, info bytea, welcome bytea, welcomed uuid[],
  OUT refusal text, OUT about uuid[], OUT again boolean, OUT asked uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE me uuid := reelm.subject(); states text[]; earlier record; released uuid; low uuid; high uuid; starts bigint;
BEGIN
  again := false;
  IF NOT EXISTS (SELECT 1 FROM devices d WHERE d.id = of_device AND d.person_id = me) THEN
    refusal := 'unknown_device'; RETURN;
  END IF;
  IF EXISTS (SELECT 1 FROM conversations WHERE id = of_id) THEN
    again := reelm.is_in(of_id);
    IF NOT again THEN refusal := 'not_possible'; END IF;
    RETURN;
  END IF;
  IF of_kind = 'pair' THEN
    low := least(me, others[1]); high := greatest(me, others[1]);
    PERFORM pg_advisory_xact_lock(hashtextextended('reelm pair ' || low::text || ' ' || high::text, 0));
    SELECT c.id, coalesce(i.state, 'left') AS mine, coalesce(t.state, 'left') AS theirs,
           coalesce(t.declined, false) AS declined INTO earlier
      FROM conversations c
      LEFT JOIN conversation_members i ON i.conversation_id = c.id AND i.person_id = me
      LEFT JOIN conversation_members t ON t.conversation_id = c.id AND t.person_id = others[1]
     WHERE c.pair_low = low AND c.pair_high = high FOR UPDATE OF c;
    IF earlier.id = of_id THEN
      again := true; RETURN;
    ELSIF earlier.id IS NOT NULL THEN
      IF earlier.mine <> 'left' AND earlier.theirs <> 'left' THEN
        refusal := 'pair_exists'; about := ARRAY[earlier.id]; RETURN;
      ELSIF earlier.declined THEN
        refusal := 'not_possible'; about := others; RETURN;
      END IF;
      released := earlier.id;
    END IF;
  END IF;
  SELECT s.refusal, s.about, s.states INTO refusal, about, states
    FROM reelm.states_of_invited(others, of_id, welcomed) AS s;
  IF refusal IS NOT NULL THEN RETURN; END IF;
  UPDATE conversations SET pair_low = NULL, pair_high = NULL WHERE id = released;
  INSERT INTO conversations (id, kind, pair_low, pair_high, group_info) VALUES (of_id, of_kind, low, high, info)
      ON CONFLICT (id) DO NOTHING;
  IF NOT FOUND THEN
    again := reelm.is_in(of_id);
    IF NOT again THEN refusal := 'not_possible'; END IF;
    RETURN;
  END IF;
  starts := CASE WHEN body IS NULL THEN 1 ELSE 2 END;
  INSERT INTO conversation_members (conversation_id, person_id, state, role, devices, first_seq)
  VALUES (of_id, me, 'member', 'admin', ARRAY[of_device], 1);
  INSERT INTO conversation_members (conversation_id, person_id, state, first_seq, asked_by)
  SELECT of_id, p, states[o], starts, CASE WHEN states[o] = 'requested' THEN me END
    FROM unnest(others) WITH ORDINALITY AS u (p, o);
  IF body IS NOT NULL THEN
    PERFORM reelm.keep_commit(of_id, of_id, of_device, 0, body, info, welcome, welcomed);
  END IF;
  SELECT coalesce(array_agg(p), '{}') INTO asked FROM unnest(others) WITH ORDINALITY AS u (p, o)
   WHERE states[o] = 'requested';
  PERFORM reelm.hint_conversation(of_id);
END $$;

-- The subject's place in a conversation, with the conversation held; nothing when they are not in it.
CREATE OR REPLACE FUNCTION reelm.hold_conversation(
  of_conversation uuid, OUT kind text, OUT epoch bigint, OUT last_seq bigint, OUT state text, OUT role text)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  SELECT c.kind, c.epoch, c.last_seq INTO kind, epoch, last_seq FROM conversations c
   WHERE c.id = of_conversation AND reelm.is_in(of_conversation) FOR UPDATE;
  SELECT m.state, m.role INTO state, role FROM conversation_members m
   WHERE m.conversation_id = of_conversation AND m.person_id = reelm.subject() AND m.state <> 'left'
     AND kind IS NOT NULL;
END $$;

-- Whether nobody is left in a pair to write to: the other left, is gone, or one of the two blocks the other.
CREATE OR REPLACE FUNCTION reelm.pair_is_over(of_conversation uuid) RETURNS boolean
LANGUAGE sql SET search_path = public, pg_temp AS $$
  SELECT NOT EXISTS (
    SELECT 1 FROM conversation_members m WHERE m.conversation_id = of_conversation AND m.person_id <> (SELECT reelm.subject())
       AND m.state <> 'left' AND m.person_id <> ALL ((SELECT reelm.blocks_either_way())::uuid[]))
$$;

-- Take a message into the log, if it was sealed in the present epoch. The same one again is answered as it was.
CREATE OR REPLACE FUNCTION reelm.send_message(
  of_conversation uuid, of_id uuid, of_device uuid, at_epoch bigint, body bytea, commits_to bytea,
  OUT refusal text, OUT seq bigint, OUT at timestamptz, OUT epoch bigint, OUT again boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE place record;
BEGIN
  place := reelm.hold_conversation(of_conversation);
  again := false;
  epoch := place.epoch;
  IF place.state IS NULL THEN refusal := 'not_found'; RETURN; END IF;
  IF NOT EXISTS (SELECT 1 FROM devices d WHERE d.id = of_device AND d.person_id = reelm.subject()) THEN
    refusal := 'unknown_device'; RETURN;
  END IF;
  SELECT m.seq, m.at INTO seq, at FROM messages m
   WHERE m.conversation_id = of_conversation AND m.device_id = of_device AND m.id = of_id;
  IF FOUND THEN again := true; RETURN; END IF;
  IF place.state = 'requested' THEN refusal := 'not_accepted'; RETURN; END IF;
  IF place.kind = 'pair' AND reelm.pair_is_over(of_conversation) THEN refusal := 'not_possible'; RETURN; END IF;
  IF place.epoch <> at_epoch THEN refusal := 'epoch_passed'; RETURN; END IF;
  at := clock_timestamp();
  UPDATE conversations c SET last_seq = c.last_seq + 1, last_at = send_message.at WHERE c.id = of_conversation
  RETURNING c.last_seq INTO seq;
  INSERT INTO messages (conversation_id, seq, kind, id, sender_id, device_id, epoch, body_sealed, commitment, at)
  VALUES (of_conversation, seq, 'message', of_id, reelm.subject(), of_device, at_epoch, body, commits_to, at);
  PERFORM reelm.hint_conversation(of_conversation);
END $$;

-- Whom a message of the subject's wants to reach: those who are in the conversation and did not mute it.
CREATE OR REPLACE FUNCTION reelm.reached_by_message(of_conversation uuid)
RETURNS TABLE (person_id uuid, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.person_id, m.state FROM conversation_members m
   WHERE m.conversation_id = of_conversation AND (SELECT reelm.is_in(of_conversation))
     AND m.person_id <> (SELECT reelm.subject()) AND m.state <> 'left'
     AND (m.muted_until IS NULL OR m.muted_until < now())
     AND m.person_id <> ALL ((SELECT reelm.blocks_either_way())::uuid[])
$$;

-- Take a commit, if it was made in the present epoch: of two at once one wins. Admins bring people in and take them
-- out; anybody takes out devices that are gone and people who left; a device of a member lets itself in (`outside`).
CREATE OR REPLACE FUNCTION reelm.commit_conversation(
  of_conversation uuid, of_id uuid, of_device uuid, at_epoch bigint, body bytea, info bytea, welcome bytea,
  welcomed uuid[], add_people uuid[], remove_people uuid[], outside boolean,
  OUT refusal text, OUT about uuid[], OUT seq bigint, OUT epoch bigint, OUT again boolean, OUT asked uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE me uuid := reelm.subject(); place record; states text[];
BEGIN
  place := reelm.hold_conversation(of_conversation);
  again := false; asked := '{}'; epoch := place.epoch;
  IF place.state IS NULL THEN refusal := 'not_found'; RETURN; END IF;
  IF NOT EXISTS (SELECT 1 FROM devices d WHERE d.id = of_device AND d.person_id = me) THEN
    refusal := 'unknown_device'; RETURN;
  END IF;
  SELECT m.seq, m.epoch + 1 INTO seq, epoch FROM messages m
   WHERE m.conversation_id = of_conversation AND m.device_id = of_device AND m.id = of_id;
  IF FOUND THEN again := true; RETURN; END IF;
  epoch := place.epoch;
  IF place.epoch <> at_epoch THEN refusal := 'epoch_passed'; RETURN; END IF;
  IF place.state = 'requested' AND NOT outside THEN refusal := 'not_accepted'; RETURN; END IF;
  IF outside AND cardinality(add_people || remove_people) > 0 THEN refusal := 'not_allowed'; RETURN; END IF;
  IF place.role <> 'admin' AND (cardinality(add_people) > 0 OR EXISTS (
       SELECT 1 FROM conversation_members m WHERE m.conversation_id = of_conversation
          AND m.person_id = ANY (remove_people) AND m.state <> 'left'))
     OR place.kind = 'pair' AND cardinality(add_people || remove_people) > 0
     OR me = ANY (remove_people) THEN
    refusal := 'not_allowed'; RETURN;
  END IF;
  IF cardinality(add_people) > 0 THEN
    IF (SELECT count(*) FROM conversation_members m WHERE m.conversation_id = of_conversation AND m.state <> 'left'
           AND m.person_id <> ALL (remove_people)) + cardinality(add_people) > 32 THEN
      refusal := 'too_many_people'; RETURN;
    END IF;
    SELECT s.refusal, s.about, s.states INTO refusal, about, states
      FROM reelm.states_of_invited(add_people, of_conversation, welcomed) AS s;
    IF refusal IS NOT NULL THEN RETURN; END IF;
  END IF;
  PERFORM pg_notify('message', p::text || ' ' || of_conversation::text || ' ' || place.last_seq::text)
     FROM unnest(remove_people) AS p;
  UPDATE conversation_members m SET state = 'left', role = 'member', devices = '{}'
   WHERE m.conversation_id = of_conversation AND m.person_id = ANY (remove_people) AND m.state <> 'left';
  DELETE FROM welcomes w WHERE w.conversation_id = of_conversation AND w.person_id = ANY (remove_people);
  INSERT INTO conversation_members AS m (conversation_id, person_id, state, first_seq, asked_by)
  SELECT of_conversation, p, states[o], place.last_seq + 2, CASE WHEN states[o] = 'requested' THEN me END
    FROM unnest(add_people) WITH ORDINALITY AS u (p, o)
      ON CONFLICT (conversation_id, person_id) DO UPDATE
     SET state = excluded.state, first_seq = excluded.first_seq, asked_by = excluded.asked_by, devices = '{}',
         read_seq = 0, muted_until = NULL, joined_at = now();
  seq := reelm.keep_commit(of_conversation, of_id, of_device, at_epoch, body, info, welcome, welcomed);
  epoch := at_epoch + 1;
  SELECT coalesce(array_agg(p), '{}') INTO asked FROM unnest(add_people) WITH ORDINALITY AS u (p, o)
   WHERE states[o] = 'requested';
  PERFORM reelm.hint_conversation(of_conversation);
END $$;

-- Empty what the subject sent; that something was there stays, and so does what it commits to. False when there is
-- nothing of theirs there.
CREATE OR REPLACE FUNCTION reelm.unsend_message(of_conversation uuid, of_seq bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE messages SET kind = 'removed', body_sealed = NULL
   WHERE conversation_id = of_conversation AND seq = of_seq AND sender_id = reelm.subject()
     AND kind IN ('message', 'removed') AND reelm.is_in(of_conversation);
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM reelm.hint_conversation(of_conversation);
  RETURN true;
END $$;

-- Become a member of a conversation into which the subject was asked. False when they are not in it.
CREATE OR REPLACE FUNCTION reelm.accept_conversation(of_conversation uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE conversation_members SET state = 'member'
   WHERE conversation_id = of_conversation AND person_id = reelm.subject() AND state = 'requested';
  IF FOUND THEN PERFORM reelm.hint_conversation(of_conversation); END IF;
  RETURN reelm.is_in(of_conversation);
END $$;

-- Leave a conversation, or turn down a request: then the same person can't ask again. False when not in it.
CREATE OR REPLACE FUNCTION reelm.leave_conversation(of_conversation uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE me uuid := reelm.subject(); place record;
BEGIN
  place := reelm.hold_conversation(of_conversation);
  IF place.state IS NULL THEN RETURN false; END IF;
  PERFORM reelm.hint_conversation(of_conversation);
  UPDATE conversation_members SET state = 'left', role = 'member', devices = '{}', declined = (state = 'requested')
   WHERE conversation_id = of_conversation AND person_id = me;
  DELETE FROM welcomes WHERE conversation_id = of_conversation AND person_id = me;
  IF place.kind = 'group' THEN PERFORM reelm.keep_an_admin(of_conversation, me); END IF;
  RETURN true;
END $$;

-- Note how far the subject has read; it never goes back. Others hear of it only where both show what they read.
CREATE OR REPLACE FUNCTION reelm.mark_read(of_conversation uuid, up_to bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE me uuid := reelm.subject();
BEGIN
  UPDATE conversation_members m SET read_seq = least(up_to, c.last_seq) FROM conversations c
   WHERE m.conversation_id = of_conversation AND m.person_id = me AND m.state <> 'left'
     AND c.id = m.conversation_id AND m.read_seq < least(up_to, c.last_seq);
  IF FOUND THEN
    PERFORM pg_notify('message', m.person_id::text || ' ' || c.id::text || ' ' || c.last_seq::text)
       FROM conversations c JOIN conversation_members m ON m.conversation_id = c.id
      WHERE c.id = of_conversation AND m.state <> 'left'
        AND (m.person_id = me OR reelm.shows(me, 'read') AND reelm.shows(m.person_id, 'read')) ORDER BY m.person_id;
  END IF;
  RETURN reelm.is_in(of_conversation);
END $$;

-- Whether somebody shows that they read, or that they type. Who was only asked shows nothing.
CREATE OR REPLACE FUNCTION reelm.shows(of_person uuid, what text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT coalesce((SELECT CASE what WHEN 'read' THEN read_receipts ELSE typing END FROM message_settings
                    WHERE person_id = of_person), true)
$$;

-- Tell the others that the subject is typing, if they and the others show it.
CREATE OR REPLACE FUNCTION reelm.tell_typing(of_conversation uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE me uuid := reelm.subject();
BEGIN
  IF NOT reelm.is_in(of_conversation) THEN RETURN false; END IF;
  PERFORM pg_notify('typing', m.person_id::text || ' ' || of_conversation::text || ' ' || me::text)
     FROM conversation_members m JOIN conversation_members i ON i.conversation_id = m.conversation_id
    WHERE m.conversation_id = of_conversation AND m.state = 'member' AND m.person_id <> me
      AND i.person_id = me AND i.state = 'member' AND reelm.shows(me, 'typing') AND reelm.shows(m.person_id, 'typing')
      AND m.person_id <> ALL ((SELECT reelm.blocks_either_way())::uuid[])
    ORDER BY m.person_id;
  RETURN true;
END $$;

-- How far the subject has read in these conversations, and until when they are silent; and how far others have, where
-- both show it.
CREATE OR REPLACE FUNCTION reelm.read_places(of_conversations uuid[])
RETURNS TABLE (conversation_id uuid, person_id uuid, read_seq bigint, muted_until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.conversation_id, m.person_id, m.read_seq, CASE WHEN m.person_id = (SELECT reelm.subject()) THEN m.muted_until END
    FROM conversation_members m
   WHERE m.conversation_id = ANY (of_conversations) AND m.conversation_id = ANY ((SELECT reelm.my_conversations())::uuid[])
     AND m.state <> 'left'
     AND (m.person_id = (SELECT reelm.subject()) OR m.state = 'member' AND (SELECT reelm.shows(reelm.subject(), 'read'))
          AND reelm.shows(m.person_id, 'read') AND m.person_id <> ALL ((SELECT reelm.blocks_either_way())::uuid[]))
$$;

-- What is kept of messages ends after thirty days, or earlier times that are asked for; conversations that everybody
-- left a day ago end, too. Returns how many rows went.
CREATE OR REPLACE FUNCTION reelm.forget_messages(before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE over timestamptz := least(before, now() - interval '30 days'); gone bigint; more bigint;
BEGIN
  DELETE FROM messages WHERE at < over;
  GET DIAGNOSTICS gone = ROW_COUNT;
  DELETE FROM welcomes WHERE made_at < over;
  GET DIAGNOSTICS more = ROW_COUNT;
  gone := gone + more;
  DELETE FROM conversations c WHERE c.last_at < now() - interval '1 day' AND NOT EXISTS (
    SELECT 1 FROM conversation_members m WHERE m.conversation_id = c.id AND m.state <> 'left');
  GET DIAGNOSTICS more = ROW_COUNT;
  RETURN gone + more;
END $$;

-- A device that ends is in no conversation any more; the others hear of it, and take it out.
CREATE OR REPLACE FUNCTION reelm.on_device_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM reelm.hint_conversation(m.conversation_id) FROM conversation_members m
    WHERE m.person_id = old.person_id AND old.id = ANY (m.devices) ORDER BY m.conversation_id;
  UPDATE conversation_members SET devices = array_remove(devices, old.id)
   WHERE person_id = old.person_id AND old.id = ANY (devices);
  RETURN NULL;
END $$;

-- What somebody sent stays with those who got it, without saying who or which device it was.
CREATE OR REPLACE FUNCTION reelm.on_writer_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE messages SET device_id = NULL WHERE sender_id = old.id;
  PERFORM reelm.keep_an_admin(m.conversation_id, old.id), reelm.hint_conversation(m.conversation_id)
     FROM conversation_members m JOIN conversations c ON c.id = m.conversation_id
    WHERE m.person_id = old.id AND m.state <> 'left' AND c.kind = 'group';
  PERFORM reelm.hint_conversation(m.conversation_id) FROM conversation_members m
     JOIN conversations c ON c.id = m.conversation_id
    WHERE m.person_id = old.id AND m.state <> 'left' AND c.kind = 'pair';
  RETURN old;
END $$;

CREATE OR REPLACE TRIGGER device_gone AFTER DELETE ON devices
  FOR EACH ROW EXECUTE FUNCTION reelm.on_device_gone();
CREATE OR REPLACE TRIGGER writer_gone BEFORE DELETE ON people
  FOR EACH ROW EXECUTE FUNCTION reelm.on_writer_gone();
