-- Remove the IVFFlat index of create_ivfflat.sql, also an invalid one that a stopped build has left.
--   psql "$DATABASE_URL" -f sql/indexes/drop_ivfflat.sql
DROP INDEX CONCURRENTLY IF EXISTS bedrock_integration.bedrock_kb_embedding_ivfflat;
