-- How wide HNSW searches, for this transaction only; filters keep looking until they have enough. Tells whose vectors
-- are searched.
--   psql "$DATABASE_URL" -v ef_search=100 -f sql/queries/set_ef_search.sql
SELECT set_config('hnsw.ef_search', CAST(:ef_search AS text), true),
       set_config('hnsw.iterative_scan', 'relaxed_order', true),
       (SELECT embedding_provider || '/' || embedding_model || '/' || embedding_dimensions || '/'
               || CASE WHEN embedding_normalised THEN 'unit' ELSE 'raw' END
        FROM workbench.knowledge_base LIMIT 1) AS embedding_model
-- The cast loads pgvector; before that a new connection takes any value and forgets it.
FROM (SELECT CAST('[1]' AS vector)) AS loaded;
