-- What a site holds. Run by every migration, as reelm_owner, after functions.sql.

-- How many bytes each column of each table takes, with its part of indexes and of what is not used. Column widths are
-- measured on about ten thousand rows of a table, so that a large one is not read as a whole.
CREATE OR REPLACE FUNCTION reelm.held_bytes() RETURNS TABLE (held_table text, held_column text, bytes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  found record; names text[]; widths numeric[]; measured numeric; sampled numeric;
BEGIN
  FOR found IN
    SELECT c.relname, sum(pg_total_relation_size(part.oid)) AS whole, sum(greatest(part.reltuples, 0)) AS rows
      FROM pg_class c
      JOIN pg_class part ON part.oid = c.oid
           OR part.oid IN (SELECT tree.relid FROM pg_partition_tree(c.oid) AS tree WHERE tree.isleaf)
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND pg_has_role(c.relowner, 'MEMBER')
     GROUP BY c.oid, c.relname
  LOOP
    SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO names FROM pg_attribute a
     WHERE a.attrelid = format('public.%I', found.relname)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
    sampled := least(100, greatest(0.01, 1000000.0 / greatest(found.rows, 1)));
    EXECUTE format('SELECT ARRAY[%s]::numeric[] FROM public.%I TABLESAMPLE SYSTEM (%s)',
                   (SELECT string_agg(format('coalesce(sum(pg_column_size(%I)), 0)', name), ', ') FROM unnest(names) AS name),
                   found.relname, sampled)
       INTO widths;
    measured := (SELECT sum(width) FROM unnest(widths) AS width);
    RETURN QUERY
      SELECT found.relname::text, name,
             round(found.whole * CASE WHEN measured > 0 THEN width / measured ELSE 1.0 / cardinality(names) END)::bigint
        FROM unnest(names, widths) AS column_of (name, width);
  END LOOP;
END $$;
