-- Whether something of an ingestion job waits in the queue or is being run; what a dead worker has counts.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -f sql/queue/holds_job.sql
SELECT EXISTS (
    SELECT FROM workbench_queue.procrastinate_jobs
    WHERE args ->> 'ingestion_job_id' = :ingestion_job_id
      AND status IN ('todo', 'doing')
) AS held;
