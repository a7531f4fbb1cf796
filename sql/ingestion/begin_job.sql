-- Note how much a job has found; returns nothing when it is not to begin or has begun already.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -v documents_scanned=1 \
--     -v metadata_documents_scanned=0 -f sql/ingestion/begin_job.sql
UPDATE workbench.ingestion_job
SET status = 'IN_PROGRESS', planned_at = now(), updated_at = now(),
    documents_scanned = :documents_scanned, metadata_documents_scanned = :metadata_documents_scanned
WHERE ingestion_job_id = :ingestion_job_id AND status = 'STARTING' AND planned_at IS NULL
RETURNING ingestion_job_id;
