-- An IVFFlat index beside the one in use, without blocking writers. Run it outside a transaction
-- and only when the vectors are loaded: its lists are the centres of what it finds.
--   psql "$DATABASE_URL" -v lists=100 -f sql/indexes/create_ivfflat.sql
CREATE INDEX CONCURRENTLY bedrock_kb_embedding_ivfflat
    ON bedrock_integration.bedrock_kb
    USING ivfflat (embedding vector_cosine_ops)
    WITH (lists = :lists);
