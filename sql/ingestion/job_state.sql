-- Where a job stands, without its sums: cheap enough to be asked after every document.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -f sql/ingestion/job_state.sql
SELECT j.status, j.mode, j.planned_at IS NOT NULL AS is_planned, j.allow_deletions,
       EXISTS (
           SELECT FROM workbench.ingestion_document w
           WHERE w.ingestion_job_id = j.ingestion_job_id AND w.status = 'IN_PROGRESS'
       ) AS is_at_work,
       EXISTS (
           SELECT FROM workbench.ingestion_document w
           WHERE w.ingestion_job_id = j.ingestion_job_id AND w.status IN ('PENDING', 'IN_PROGRESS')
             AND w.action <> 'DELETED'
       ) AS has_waiting
FROM workbench.ingestion_job j
WHERE j.ingestion_job_id = :ingestion_job_id;
