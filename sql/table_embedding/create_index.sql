-- The HNSW index on an embedding column, built without keeping anybody from writing; outside of a transaction.
--   psql "$DATABASE_URL" -v schema=public -v table=documents -v embedding_column=embedding \
--     -v index=documents_embedding_idx -f sql/table_embedding/create_index.sql
CREATE INDEX CONCURRENTLY IF NOT EXISTS :"index" ON :"schema".:"table" USING hnsw (:"embedding_column" vector_cosine_ops);
