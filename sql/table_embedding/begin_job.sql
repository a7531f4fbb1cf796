-- A job's own session takes it up.
--   psql "$DATABASE_URL" -v job_id=1 -f sql/table_embedding/begin_job.sql
UPDATE workbench.table_embedding_job
SET status = 'IN_PROGRESS', started_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE job_id = :job_id AND status = 'STARTING'
RETURNING *;
