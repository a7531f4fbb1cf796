-- How far a document has come; returns the job's status, or nothing when another attempt has taken it over.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" \
--     -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -v attempt="'00000000-0000-0000-0000-00000000000a'" -v stage="'reading'" -v pages_total=9 -v pages_read=1 \
--     -v chunks_made=0 -v chunks_embedded=0 -v chunks_stored=0 -f sql/ingestion/record_progress.sql
UPDATE workbench.ingestion_document w
SET stage = :stage, pages_total = :pages_total, pages_read = :pages_read, chunks_made = :chunks_made,
    chunks_embedded = :chunks_embedded, chunks_stored = :chunks_stored, updated_at = now()
FROM workbench.ingestion_job j
WHERE w.ingestion_job_id = :ingestion_job_id AND w.document_id = CAST(:document_id AS uuid)
  AND w.attempt = CAST(:attempt AS uuid) AND w.status = 'IN_PROGRESS'
  AND j.ingestion_job_id = w.ingestion_job_id
RETURNING j.status;
