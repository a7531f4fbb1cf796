-- The indexes of the knowledge base's table, the ones on its vectors with their parameters.
--   psql "$DATABASE_URL" -f sql/indexes/list_indexes.sql
SELECT c.relname                      AS index_name,
       am.amname                      AS access_method,
       c.reloptions                   AS parameters,
       i.indisvalid                   AS valid,
       pg_relation_size(c.oid)        AS index_bytes,
       coalesce(s.idx_scan, 0)        AS scans,
       pg_get_indexdef(c.oid)         AS definition
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = c.oid
WHERE i.indrelid = to_regclass('bedrock_integration.bedrock_kb')
ORDER BY c.relname;
