-- Count a deleted document, once.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" \
--     -v document_id="'00000000-0000-0000-0000-000000000001'" -f sql/ingestion/count_deleted.sql
WITH document AS (
    UPDATE workbench.ingestion_document
    SET status = 'DONE', updated_at = now()
    WHERE ingestion_job_id = :ingestion_job_id AND document_id = CAST(:document_id AS uuid) AND status <> 'DONE'
    RETURNING ingestion_job_id
)
UPDATE workbench.ingestion_job j
SET documents_deleted = documents_deleted + 1, updated_at = now()
FROM document
WHERE j.ingestion_job_id = document.ingestion_job_id;
