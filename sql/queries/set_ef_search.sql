-- How wide HNSW searches, for this transaction only; filters keep looking until they have enough. Tells whose vectors
-- are searched, and whether the chunks are our own. Without index scans the nearest are found by reading all vectors.
--   psql "$DATABASE_URL" -v ef_search=100 -v use_index=true -f sql/queries/set_ef_search.sql
SELECT set_config('enable_indexscan', CAST(:use_index AS text), true),
       set_config('hnsw.ef_search', CAST(:ef_search AS text), true),
       set_config('hnsw.iterative_scan', 'relaxed_order', true),
       -- A filter that the nearest 20,000 rows do not meet is no reason to find nothing.
       set_config('hnsw.max_scan_tuples', '2147483647', true),
       set_config('hnsw.scan_mem_multiplier', '16', true),
       -- Only a plan for this very filter can use the index of the metadata.
       set_config('plan_cache_mode', 'force_custom_plan', true),
       (SELECT embedding_provider || '/' || embedding_model || '/' || embedding_dimensions || '/'
               || CASE WHEN embedding_normalised THEN 'unit' ELSE 'raw' END
        FROM workbench.knowledge_base LIMIT 1) AS embedding_model,
       EXISTS (SELECT FROM workbench.chunk) AS has_own_chunks
-- The cast loads pgvector; before that a new connection takes any value and forgets it.
FROM (SELECT CAST('[1]' AS vector)) AS loaded;
