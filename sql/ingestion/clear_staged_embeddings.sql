-- Forget what is staged, and the vectors that were kept for resuming, unless another job runs that may want them.
--   psql "$DATABASE_URL" -f sql/ingestion/clear_staged_embeddings.sql
WITH others AS (
    SELECT count(*) AS running FROM workbench.ingestion_job WHERE status IN ('STARTING', 'IN_PROGRESS', 'STOPPING')
), claims AS (
    DELETE FROM workbench.embedding_claim USING others WHERE others.running < 2
), documents AS (
    DELETE FROM workbench.staged_document USING others WHERE others.running < 2
), pages AS (
    DELETE FROM workbench.staged_page USING others WHERE others.running < 2
), parents AS (
    DELETE FROM workbench.staged_parent USING others WHERE others.running < 2
), chunks AS (
    DELETE FROM workbench.staged_chunk USING others WHERE others.running < 2
)
DELETE FROM workbench.staged_embedding USING others WHERE others.running < 2;
