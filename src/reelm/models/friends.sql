-- What friends share with each other. Run by every migration, as reelm_owner, after functions.sql.

-- Who counts the subject among their close friends. Evaluated once a statement, as an init plan.
CREATE OR REPLACE FUNCTION reelm.close_to() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(person_id), '{}') FROM close_friends WHERE friend_id = reelm.subject()
$$;

-- Whoever stops being a friend is no close friend either, on both sides.
CREATE OR REPLACE FUNCTION reelm.on_tie_ended() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM close_friends WHERE person_id = old.follower_id AND friend_id = old.followee_id;
  DELETE FROM close_friends WHERE person_id = old.followee_id AND friend_id = old.follower_id;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER tie_ended AFTER DELETE ON follows FOR EACH ROW EXECUTE FUNCTION reelm.on_tie_ended();

-- Whose invite a code is; NULL where it is none, has run out or was used up, or where a block is between the two.
CREATE OR REPLACE FUNCTION reelm.invite_of(digest bytea, at_time timestamptz) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT i.person_id FROM friend_invites i
   WHERE i.code_digest = digest AND i.expires_at > greatest(at_time, now()) AND i.uses < 50
     AND i.person_id <> ALL (reelm.blocks_either_way())
$$;

-- The subject takes an invite: the two follow each other, whoever is private, for both have said so. Returns who
-- invites; NULL where the code is none, or the subject's own.
CREATE OR REPLACE FUNCTION reelm.accept_invite(digest bytea, at_time timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  me uuid := reelm.subject();
  host uuid;
  made integer;
BEGIN
  IF me IS NULL OR reelm.purpose() <> 'session' THEN RETURN NULL; END IF;
  PERFORM 1 FROM friend_invites WHERE code_digest = digest FOR UPDATE;
  host := reelm.invite_of(digest, at_time);
  IF host IS NULL OR host = me THEN RETURN NULL; END IF;
  INSERT INTO follows (follower_id, followee_id, state) VALUES (me, host, 'accepted'), (host, me, 'accepted')
  ON CONFLICT (follower_id, followee_id) DO UPDATE SET state = 'accepted' WHERE follows.state <> 'accepted';
  GET DIAGNOSTICS made = ROW_COUNT;
  IF made > 0 THEN UPDATE friend_invites SET uses = uses + 1 WHERE code_digest = digest; END IF;
  RETURN host;
END $$;

-- What somebody does is written down for their friends only while they choose to show it; what they take back goes.
-- What an import sets up again is nothing they did here.
CREATE OR REPLACE FUNCTION reelm.on_clip_act() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM friend_acts WHERE person_id = old.person_id AND clip_id = old.clip_id AND kind = TG_ARGV[0];
  ELSIF reelm.purpose() IS DISTINCT FROM 'rights_import' THEN
    INSERT INTO friend_acts (person_id, kind, clip_id)
    SELECT new.person_id, TG_ARGV[0], new.clip_id FROM social_settings s
     WHERE s.person_id = new.person_id AND s.share_activity;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION reelm.on_follow_act() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  before boolean := TG_OP <> 'INSERT' AND old.state = 'accepted';
  after boolean := TG_OP <> 'DELETE' AND new.state = 'accepted';
BEGIN
  IF before AND NOT after THEN
    DELETE FROM friend_acts WHERE person_id = old.follower_id AND other_id = old.followee_id AND kind = 'followed';
  ELSIF after AND NOT before AND reelm.purpose() IS DISTINCT FROM 'rights_import' THEN
    INSERT INTO friend_acts (person_id, kind, other_id)
    SELECT new.follower_id, 'followed', new.followee_id FROM social_settings s
     WHERE s.person_id = new.follower_id AND s.share_activity;
  END IF;
  RETURN NULL;
END $$;

-- Who stops showing what they do leaves nothing of it behind.
CREATE OR REPLACE FUNCTION reelm.on_sharing_ended() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM friend_acts WHERE person_id = new.person_id;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER like_shown AFTER INSERT OR DELETE ON likes
  FOR EACH ROW EXECUTE FUNCTION reelm.on_clip_act('liked');
CREATE OR REPLACE TRIGGER repost_shown AFTER INSERT OR DELETE ON reposts
  FOR EACH ROW EXECUTE FUNCTION reelm.on_clip_act('reposted');
CREATE OR REPLACE TRIGGER follow_shown AFTER INSERT OR UPDATE OR DELETE ON follows
  FOR EACH ROW EXECUTE FUNCTION reelm.on_follow_act();
CREATE OR REPLACE TRIGGER sharing_ended AFTER UPDATE ON social_settings
  FOR EACH ROW WHEN (old.share_activity AND NOT new.share_activity) EXECUTE FUNCTION reelm.on_sharing_ended();

-- What has served its time: acts, and invites that ran out. Returns how many rows went.
CREATE OR REPLACE FUNCTION reelm.forget_friendly(before_acts timestamptz, before_invites timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone integer; total integer := 0;
BEGIN
  DELETE FROM friend_acts WHERE at < least(before_acts, now()); GET DIAGNOSTICS total = ROW_COUNT;
  DELETE FROM friend_invites WHERE expires_at < least(before_invites, now()); GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN total + gone;
END $$;
