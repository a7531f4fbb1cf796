-- Ask a job to stop; it does after the row that it is at.
--   psql "$DATABASE_URL" -v job_id=1 -f sql/table_embedding/stop_job.sql
UPDATE workbench.table_embedding_job SET status = 'STOPPING'
WHERE job_id = :job_id AND status IN ('STARTING', 'IN_PROGRESS');
