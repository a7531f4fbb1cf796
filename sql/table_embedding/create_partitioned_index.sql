-- The same for a partitioned table, on which PostgreSQL builds no index concurrently: writers wait.
--   psql "$DATABASE_URL" -v schema=public -v table=documents -v embedding_column=embedding \
--     -v index=documents_embedding_idx -f sql/table_embedding/create_partitioned_index.sql
CREATE INDEX IF NOT EXISTS :"index" ON :"schema".:"table" USING hnsw (:"embedding_column" vector_cosine_ops);
