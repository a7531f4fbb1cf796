-- An HNSW index beside the one in use, without blocking writers. Run it outside a transaction.
-- Give it memory first, or it spills and takes several times longer:
--   PGOPTIONS="-c maintenance_work_mem=256MB" \
--   psql "$DATABASE_URL" -v m=16 -v ef_construction=64 -f sql/indexes/create_hnsw.sql
CREATE INDEX CONCURRENTLY bedrock_kb_embedding_hnsw
    ON bedrock_integration.bedrock_kb
    USING hnsw (embedding vector_cosine_ops)
    WITH (m = :m, ef_construction = :ef_construction);
