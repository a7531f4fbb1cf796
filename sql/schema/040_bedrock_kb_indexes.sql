-- The indexes that Bedrock asks for: HNSW on the vectors, GIN on the chunks and on the metadata.
--   psql "$DATABASE_URL" -f sql/schema/040_bedrock_kb_indexes.sql
CREATE INDEX IF NOT EXISTS bedrock_kb_embedding_idx
    ON bedrock_integration.bedrock_kb
    USING hnsw (embedding vector_cosine_ops) WITH (ef_construction = 256);

CREATE INDEX IF NOT EXISTS bedrock_kb_chunks_idx
    ON bedrock_integration.bedrock_kb USING gin (to_tsvector('simple', chunks));

CREATE INDEX IF NOT EXISTS bedrock_kb_custom_metadata_idx
    ON bedrock_integration.bedrock_kb USING gin (custom_metadata);
