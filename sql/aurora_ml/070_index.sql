-- The HNSW index on the documents' embeddings; built without keeping anybody from writing.
--   psql "$DATABASE_URL" -f sql/aurora_ml/070_index.sql
CREATE INDEX CONCURRENTLY IF NOT EXISTS documents_embedding_idx
    ON documents USING hnsw (embedding vector_cosine_ops);
