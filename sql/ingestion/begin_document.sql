-- Take up a document of a job under a new attempt; returns nothing when it is finished or the job is not running.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" \
--     -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -v attempt="'00000000-0000-0000-0000-00000000000a'" -f sql/ingestion/begin_document.sql
UPDATE workbench.ingestion_document w
SET status = 'IN_PROGRESS', attempt = CAST(:attempt AS uuid), stage = 'reading', updated_at = now(),
    started_at = coalesce(w.started_at, now()),
    pages_total = 0, pages_read = 0, chunks_made = 0, chunks_embedded = 0, chunks_stored = 0
FROM workbench.ingestion_job j
WHERE w.ingestion_job_id = :ingestion_job_id AND w.document_id = CAST(:document_id AS uuid)
  AND j.ingestion_job_id = w.ingestion_job_id
  AND (j.status = 'IN_PROGRESS' AND w.status IN ('PENDING', 'IN_PROGRESS')
       -- Left by a worker that died while the job was to stop: somebody must put it back.
       OR j.status = 'STOPPING' AND w.status = 'IN_PROGRESS')
RETURNING w.*, j.mode;
