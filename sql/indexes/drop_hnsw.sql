-- Remove the HNSW index of create_hnsw.sql, also an invalid one that a stopped build has left.
--   psql "$DATABASE_URL" -f sql/indexes/drop_hnsw.sql
DROP INDEX CONCURRENTLY IF EXISTS bedrock_integration.bedrock_kb_embedding_hnsw;
