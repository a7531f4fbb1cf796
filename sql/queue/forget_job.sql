-- Take what waits of an ingestion job out of the queue; what is being run ends by itself.
--   PGOPTIONS="-c search_path=workbench_queue" psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" \
--     -f sql/queue/forget_job.sql
-- The queue's own triggers look for its tables on the search path.
DELETE FROM workbench_queue.procrastinate_jobs
WHERE args ->> 'ingestion_job_id' = :ingestion_job_id AND status = 'todo';
