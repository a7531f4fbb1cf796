-- Give a running job its final status and, if it failed, the reason; documents that are not done wait for the next one.
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
    RETURNING w.document_id
), put_back AS (
    -- Whoever was at work on them may be dead; those who are publishing put back what they hold themselves.
    UPDATE workbench.document d
    SET status = 'PENDING', updated_at = now()
    FROM (
        SELECT own.document_id
        FROM workbench.document own
        JOIN left_documents USING (document_id)
        WHERE own.status = 'IN_PROGRESS'
        FOR UPDATE OF own SKIP LOCKED
    ) free
    WHERE d.document_id = free.document_id
)
SELECT ingestion_job_id FROM job;
