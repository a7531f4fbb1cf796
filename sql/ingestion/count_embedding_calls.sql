-- Count embedded texts, in the transaction that keeps their vectors.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" \
--     -v document_id="'00000000-0000-0000-0000-000000000001'" -v embedding_calls=1 \
--     -f sql/ingestion/count_embedding_calls.sql
WITH document AS (
    UPDATE workbench.ingestion_document
    SET embedding_calls = embedding_calls + :embedding_calls
    WHERE ingestion_job_id = :ingestion_job_id AND document_id = CAST(:document_id AS uuid)
)
UPDATE workbench.ingestion_job
SET embedding_calls = embedding_calls + :embedding_calls, updated_at = now()
WHERE ingestion_job_id = :ingestion_job_id;
