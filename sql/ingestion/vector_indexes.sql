-- The vector indexes of Bedrock's table with the statements that make them.
--   psql "$DATABASE_URL" -f sql/ingestion/vector_indexes.sql
SELECT c.oid AS index, format('%I.%I', n.nspname, c.relname) AS name, pg_get_indexdef(c.oid) AS definition
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am a ON a.oid = c.relam
WHERE i.indrelid = CAST('bedrock_integration.bedrock_kb' AS regclass) AND a.amname IN ('hnsw', 'ivfflat');
