-- Size of one index of the knowledge base's table.
--   psql "$DATABASE_URL" -v index_name="'bedrock_kb_embedding_idx'" -f sql/indexes/index_size.sql
SELECT pg_relation_size(c.oid) AS index_bytes
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = to_regclass('bedrock_integration.bedrock_kb')
  AND c.relname = :index_name;
