-- Every table that has a text column and is not the system's or the workbench's own, with its text and vector columns.
--   psql "$DATABASE_URL" -f sql/table_embedding/list_tables.sql
SELECT n.nspname::text                                          AS schema,
       c.relname::text                                          AS "table",
       format('%I.%I', n.nspname, c.relname)                    AS target,
       c.relkind = 'p'                                          AS partitioned,
       greatest(c.reltuples, 0)::bigint                         AS rows_estimate,
       array_agg(a.attname::text ORDER BY a.attnum)
           FILTER (WHERE t.typcategory = 'S')                   AS text_columns,
       coalesce(jsonb_object_agg(a.attname, a.atttypmod)
           FILTER (WHERE t.typname = 'vector'), '{}')           AS vector_columns,
       coalesce(jsonb_object_agg(a.attname, format_type(t.oid, a.atttypmod))
           FILTER (WHERE t.typname <> 'vector'), '{}')          AS other_columns
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND n.nspname !~ '^(pg_|workbench|embed_bridge$|information_schema$)'
  AND has_table_privilege(c.oid, 'SELECT')
GROUP BY n.nspname, c.relname, c.relkind, c.reltuples
HAVING bool_or(t.typcategory = 'S')
ORDER BY n.nspname, c.relname;
