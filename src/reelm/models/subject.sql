-- Who is asking: the subject of a transaction, proven by a ticket that only `reelm keys` can make.
--
-- Run by every migration, before the tables' policies, by a role that may act as reelm_owner. Ticket:
-- `v1.<person, 32 hex>.<purpose>.<unix expiry>.<hmac-sha256, 64 hex>`, set with set_config('reelm.ticket', …, true).
-- The secret is stored as the two padded keys of HMAC (RFC 2104), so that sha256() alone, which is built in, can
-- verify; no login role can read it. The previous secret is accepted too, so that it can be changed under load.

CREATE SCHEMA IF NOT EXISTS vault;
CREATE SCHEMA IF NOT EXISTS reelm;
ALTER SCHEMA vault OWNER TO reelm_owner;
ALTER SCHEMA reelm OWNER TO reelm_owner;
REVOKE ALL ON SCHEMA vault FROM PUBLIC;
GRANT USAGE ON SCHEMA vault TO reelm_keys;
GRANT USAGE ON SCHEMA reelm TO reelm_web, reelm_worker, reelm_catalog, reelm_indexer, reelm_keys, reelm_border;

CREATE TABLE IF NOT EXISTS vault.subject_secret (
  generation text PRIMARY KEY CHECK (generation IN ('current', 'previous')),
  inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
  outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64),
  installed_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE vault.subject_secret OWNER TO reelm_owner;
REVOKE ALL ON vault.subject_secret FROM PUBLIC;

-- The key of HMAC-SHA256, at most one block long, zero-filled to 64 bytes and XORed with one byte.
CREATE OR REPLACE FUNCTION vault.padded_key(secret bytea, pad integer) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE padded bytea := decode(repeat('00', 64), 'hex');
BEGIN
  FOR i IN 0 .. 63 LOOP
    padded := set_byte(padded, i, (CASE WHEN i < length(secret) THEN get_byte(secret, i) ELSE 0 END) # pad);
  END LOOP;
  RETURN padded;
END $$;
ALTER FUNCTION vault.padded_key(bytea, integer) OWNER TO reelm_owner;
REVOKE ALL ON FUNCTION vault.padded_key(bytea, integer) FROM PUBLIC;

-- Called by the keys process at its start and when it changes the secret. Installing the current one again
-- changes nothing, so that a restart does not push the previous one out.
CREATE OR REPLACE FUNCTION vault.install_subject_secret(secret bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE inner_key bytea := vault.padded_key(secret, 54); outer_key bytea := vault.padded_key(secret, 92);
BEGIN
  IF secret IS NULL OR length(secret) NOT BETWEEN 32 AND 64 THEN
    RAISE EXCEPTION 'a subject secret has 32 to 64 bytes' USING ERRCODE = '22023';
  END IF;
  LOCK TABLE vault.subject_secret IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM vault.subject_secret WHERE generation = 'current' AND inner_pad = inner_key) THEN
    RETURN;
  END IF;
  DELETE FROM vault.subject_secret WHERE generation = 'previous';
  UPDATE vault.subject_secret SET generation = 'previous' WHERE generation = 'current';
  INSERT INTO vault.subject_secret (generation, inner_pad, outer_pad) VALUES ('current', inner_key, outer_key);
END $$;
ALTER FUNCTION vault.install_subject_secret(bytea) OWNER TO reelm_owner;
REVOKE ALL ON FUNCTION vault.install_subject_secret(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vault.install_subject_secret(bytea) TO reelm_keys;

-- The parts of the transaction's ticket, {v1, person, purpose, expiry, mac}; NULL without a ticket.
-- Raises 28R01 for one that was not made by the keys process, 28R02 for one that is too old.
CREATE OR REPLACE FUNCTION vault.verified_ticket() RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ticket text := current_setting('reelm.ticket', true);
  parts text[];
  message bytea;
BEGIN
  IF ticket IS NULL OR ticket = '' THEN
    RETURN NULL;
  END IF;
  -- 1. Its shape. Lengths by themselves: counted in the pattern, they cost more than all the rest together, and this
  -- is asked several times in most statements.
  parts := string_to_array(ticket, '.');
  IF ticket !~ '^v1[.][0-9a-f]+[.][a-z][a-z0-9_]*[.][0-9]+[.][0-9a-f]+$' OR length(parts[2]) <> 32
     OR length(parts[3]) > 48 OR length(parts[4]) <> 10 OR length(parts[5]) <> 64 THEN
    RAISE EXCEPTION 'malformed subject ticket' USING ERRCODE = '28R01';
  END IF;
  -- 2. Its MAC. Hashes of the MACs are compared, so that the time it takes tells nothing about the MAC.
  message := convert_to(left(ticket, -65), 'UTF8');
  IF NOT EXISTS (
    SELECT FROM vault.subject_secret s
     WHERE sha256(sha256(s.outer_pad || sha256(s.inner_pad || message))) = sha256(decode(parts[5], 'hex')))
  THEN
    RAISE EXCEPTION 'forged subject ticket' USING ERRCODE = '28R01';
  END IF;
  -- 3. Its age, by the clock: a transaction that was left open does not keep its subject.
  IF parts[4]::bigint <= extract(epoch FROM statement_timestamp()) THEN
    RAISE EXCEPTION 'expired subject ticket' USING ERRCODE = '28R02';
  END IF;
  RETURN parts;
END $$;
ALTER FUNCTION vault.verified_ticket() OWNER TO reelm_owner;
REVOKE ALL ON FUNCTION vault.verified_ticket() FROM PUBLIC;

-- The person on whose behalf this transaction runs; NULL for nobody in particular.
CREATE OR REPLACE FUNCTION reelm.subject() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (vault.verified_ticket())[2]::uuid;
END $$;
ALTER FUNCTION reelm.subject() OWNER TO reelm_owner;
REVOKE ALL ON FUNCTION reelm.subject() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reelm.subject() TO reelm_web, reelm_worker, reelm_catalog, reelm_keys;

-- What the ticket is for: `session`, `enrol`, or a declared purpose; NULL without a ticket.
CREATE OR REPLACE FUNCTION reelm.purpose() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (vault.verified_ticket())[3];
END $$;
ALTER FUNCTION reelm.purpose() OWNER TO reelm_owner;
REVOKE ALL ON FUNCTION reelm.purpose() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reelm.purpose() TO reelm_web, reelm_worker, reelm_catalog, reelm_keys;
