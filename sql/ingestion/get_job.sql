-- One ingestion job with its statistics and the sums over its documents.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -f sql/ingestion/get_job.sql
SELECT * FROM workbench.ingestion_job_progress WHERE ingestion_job_id = :ingestion_job_id;
