-- One ingestion job with its statistics and progress.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -f sql/ingestion/get_job.sql
SELECT j.*, d.knowledge_base_id
FROM workbench.ingestion_job j
JOIN workbench.data_source d USING (data_source_id)
WHERE j.ingestion_job_id = :ingestion_job_id;
