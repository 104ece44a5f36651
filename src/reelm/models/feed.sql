-- What a page of For You asks the database: two statements, each a transaction of its own that carries its ticket.
-- Run by every migration, as reelm_owner, after functions.sql.
--
-- Both run with the rights of whoever calls them, so row-level security decides as in any other statement. They save
-- what BEGIN, the ticket and COMMIT cost in round trips; the ticket is a parameter, and ends with the statement.

-- What the subject did since a time (newest first; 42 bytes an event: id 16, clip 16, microseconds since 1970 as
-- int8, kind as its letter, whether it may be learned from), the version of what they told their feed, and, if asked
-- for, their ties: whom they follow, who follows them back, whom they must not meet (16 bytes a person).
CREATE OR REPLACE FUNCTION reelm.viewer_news(
  ticket text, since timestamptz, most integer, with_ties boolean,
  OUT version bigint, OUT news bytea, OUT followed bytea, OUT friends bytea, OUT hidden bytea,
  OUT language text, OUT age_band text, OUT jurisdiction text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE me uuid;
BEGIN
  PERFORM set_config('reelm.ticket', ticket, true);
  me := reelm.subject();
  SELECT s.version INTO version FROM public.feed_settings s WHERE s.person_id = me;
  SELECT string_agg(uuid_send(w.id) || uuid_send(w.clip_id)
           || int8send((extract(epoch FROM w.at) * 1000000)::bigint)
           || (CASE w.kind WHEN 'finish' THEN 'f' WHEN 'loop' THEN 'o' WHEN 'like' THEN 'l' WHEN 'share' THEN 'h'
                 WHEN 'skip' THEN 's' WHEN 'not_interested' THEN 'n' ELSE 'i' END)::bytea
           || (CASE WHEN w.learns THEN '1' ELSE '0' END)::bytea, ''::bytea) INTO news
    FROM (SELECT e.id, e.clip_id, e.at, e.kind, e.learns FROM public.watch_events e
           WHERE e.person_id = me AND e.at >= since ORDER BY e.at DESC LIMIT most) w;
  IF with_ties THEN
    SELECT string_agg(uuid_send(f.followee_id), ''::bytea), string_agg(uuid_send(b.follower_id), ''::bytea)
      INTO followed, friends
      FROM public.follows f
      LEFT JOIN reelm.followers b ON b.follower_id = f.followee_id AND b.followee_id = me AND b.state = 'accepted'
     WHERE f.follower_id = me AND f.state = 'accepted';
    SELECT string_agg(uuid_send(h), ''::bytea) INTO hidden FROM unnest(reelm.blocks_either_way()) h;
    SELECT d.language, d.age_band, d.jurisdiction INTO language, age_band, jurisdiction
      FROM public.person_details d WHERE d.person_id = me;
  END IF;
END $$;

-- Of these clips, which the subject passed on: their own rows alone. The table's own policy asks, for rows of anybody,
-- far more than that, and asking it is most of what a page's marks would cost.
CREATE OR REPLACE FUNCTION reelm.own_reposts(ids uuid[]) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(r.clip_id), '{}') FROM reposts r
   WHERE r.person_id = (SELECT reelm.subject()) AND r.clip_id = ANY (ids)
$$;

-- Of the clips asked for, those that exist for the subject: their place in the list from 1 on, whether the subject
-- liked and reposted them, and how they stand to who made them.
CREATE OR REPLACE FUNCTION reelm.page_marks(ticket text, ids uuid[])
RETURNS TABLE (place integer, liked boolean, reposted boolean, follow text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE me uuid; passed_on uuid[];
BEGIN
  PERFORM set_config('reelm.ticket', ticket, true);
  me := reelm.subject();
  passed_on := reelm.own_reposts(ids);
  RETURN QUERY
  SELECT array_position(ids, c.id),
         EXISTS (SELECT 1 FROM public.likes l WHERE l.person_id = me AND l.clip_id = c.id),
         c.id = ANY (passed_on),
         (SELECT f.state FROM public.follows f WHERE f.follower_id = me AND f.followee_id = c.author_id)
    FROM public.clips c WHERE c.id = ANY (ids);
END $$;
