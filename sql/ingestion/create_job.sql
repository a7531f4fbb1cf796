-- Start an ingestion job; breaks the index one_running_ingestion_job when another one is running.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -v data_source_id="'DS00000001'" -v mode="'SYNC'" \
--     -v allow_deletions=false -f sql/ingestion/create_job.sql
INSERT INTO workbench.ingestion_job (ingestion_job_id, data_source_id, mode, allow_deletions)
VALUES (:ingestion_job_id, :data_source_id, :mode, :allow_deletions);
