-- Give a running job its final status and, if it failed, the reason; its waiting documents are left.
-- Returns nothing when the job had ended before.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -v status="'COMPLETE'" -v failure_reason=NULL \
--     -f sql/ingestion/finish_job.sql
WITH job AS (
    UPDATE workbench.ingestion_job
    SET status = :status, updated_at = now(),
        failure_reasons = failure_reasons || array_remove(ARRAY[CAST(:failure_reason AS text)], NULL)
    WHERE ingestion_job_id = :ingestion_job_id AND status IN ('STARTING', 'IN_PROGRESS', 'STOPPING')
    RETURNING ingestion_job_id
), left_documents AS (
    UPDATE workbench.ingestion_document w
    SET status = 'STOPPED', stage = '', updated_at = now()
    FROM job
    WHERE w.ingestion_job_id = job.ingestion_job_id AND w.status IN ('PENDING', 'IN_PROGRESS')
)
SELECT ingestion_job_id FROM job;
