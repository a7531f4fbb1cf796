-- A job's final status; one that was asked to stop has stopped.
--   psql "$DATABASE_URL" -v job_id=1 -v status="'COMPLETE'" -v failure_reason=NULL -f sql/table_embedding/finish_job.sql
UPDATE workbench.table_embedding_job
SET status         = CASE WHEN status = 'STOPPING' AND :status = 'COMPLETE' THEN 'STOPPED' ELSE :status END,
    failure_reason = CAST(:failure_reason AS text),
    stage          = '',
    updated_at     = clock_timestamp()
WHERE job_id = :job_id AND status IN ('STARTING', 'IN_PROGRESS', 'STOPPING');
