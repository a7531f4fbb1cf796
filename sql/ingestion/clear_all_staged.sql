-- At the end of a job: forget all that is staged, the vectors that were kept for resuming, and who embedded what, unless
-- another job runs that may want them.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -f sql/ingestion/clear_all_staged.sql
WITH last AS (
    SELECT FROM workbench.ingestion_job
    WHERE status IN ('STARTING', 'IN_PROGRESS', 'STOPPING')
    HAVING count(*) = 1 AND min(ingestion_job_id) = :ingestion_job_id
), claims AS (
    DELETE FROM workbench.embedding_claim USING last
), pages AS (
    DELETE FROM workbench.staged_page USING last
), parents AS (
    DELETE FROM workbench.staged_parent USING last
), chunks AS (
    DELETE FROM workbench.staged_chunk USING last
), documents AS (
    DELETE FROM workbench.staged_document USING last
), bits AS (
    -- Of texts that no chunk has any more, and of another model.
    DELETE FROM workbench.token_bits t USING last
    WHERE NOT EXISTS (
        SELECT FROM workbench.chunk c
        JOIN workbench.document d USING (document_id)
        JOIN workbench.data_source s USING (data_source_id)
        JOIN workbench.knowledge_base k USING (knowledge_base_id)
        WHERE c.text_sha256 = t.text_sha256
          AND t.model = k.embedding_provider || '/' || k.embedding_model || '/' || k.embedding_dimensions || '/'
                        || CASE WHEN k.embedding_normalised THEN 'unit' ELSE 'raw' END
    )
)
DELETE FROM workbench.staged_embedding USING last;
