-- How wide HNSW searches, for this transaction only; filters keep looking until they have enough.
--   psql "$DATABASE_URL" -v ef_search=100 -f sql/queries/set_ef_search.sql
SELECT set_config('hnsw.ef_search', CAST(:ef_search AS text), true),
       set_config('hnsw.iterative_scan', 'relaxed_order', true)
-- The cast loads pgvector; before that a new connection takes any value and forgets it.
FROM (SELECT CAST('[1]' AS vector)) AS loaded;
