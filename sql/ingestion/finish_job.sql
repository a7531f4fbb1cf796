-- Give a job its final status.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -v status="'COMPLETE'" -f sql/ingestion/finish_job.sql
UPDATE workbench.ingestion_job
SET status = :status, stage = '', document_key = '', updated_at = now()
WHERE ingestion_job_id = :ingestion_job_id;
