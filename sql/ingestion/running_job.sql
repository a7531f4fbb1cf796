-- The ingestion job of a data source that has not ended, be it a plan; at most one.
--   psql "$DATABASE_URL" -v data_source_id="'DS00000001'" -f sql/ingestion/running_job.sql
SELECT *
FROM workbench.ingestion_job_progress
WHERE data_source_id = :data_source_id AND status IN ('STARTING', 'IN_PROGRESS', 'STOPPING');
