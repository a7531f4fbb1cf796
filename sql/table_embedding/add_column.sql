-- Add the column for embeddings. It waits for running statements on the table at most as long as lock_timeout says.
--   psql "$DATABASE_URL" -v schema=public -v table=documents -v embedding_column=embedding -v dimensions=1536 \
--     -f sql/table_embedding/add_column.sql
ALTER TABLE :"schema".:"table" ADD COLUMN IF NOT EXISTS :"embedding_column" vector(:dimensions);
