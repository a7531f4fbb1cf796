-- Forget the vectors that were kept for resuming, and who embedded what, unless another job runs that may want them.
--   psql "$DATABASE_URL" -f sql/ingestion/clear_staged_embeddings.sql
WITH others AS (
    SELECT count(*) AS running FROM workbench.ingestion_job WHERE status IN ('STARTING', 'IN_PROGRESS', 'STOPPING')
), claims AS (
    DELETE FROM workbench.embedding_claim USING others WHERE others.running < 2
)
DELETE FROM workbench.staged_embedding USING others WHERE others.running < 2;
