-- Ask a running job to stop; returns nothing when it has already ended.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -f sql/ingestion/stop_job.sql
UPDATE workbench.ingestion_job
SET status = 'STOPPING', updated_at = now()
WHERE ingestion_job_id = :ingestion_job_id AND status IN ('STARTING', 'IN_PROGRESS', 'STOPPING')
RETURNING status;
