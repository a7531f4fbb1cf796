-- Drop vectors that were kept for resuming; run when a job has completed.
--   psql "$DATABASE_URL" -f sql/ingestion/clear_staged_embeddings.sql
DELETE FROM workbench.staged_embedding;
