-- What a job is doing now.
--   psql "$DATABASE_URL" -v job_id=1 -v stage="'embedding'" -f sql/table_embedding/set_stage.sql
UPDATE workbench.table_embedding_job SET stage = :stage, updated_at = clock_timestamp() WHERE job_id = :job_id;
