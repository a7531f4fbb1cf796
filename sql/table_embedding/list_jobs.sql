-- The latest jobs, newest first. A job lives while a session holds its lock, so a killed one is seen at once.
--   psql "$DATABASE_URL" -v job_id=NULL -v lock_class=5150002 -f sql/table_embedding/list_jobs.sql
SELECT j.*,
       EXISTS (SELECT FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND l.classid = :lock_class AND l.objid = j.job_id)
       -- A process that was just started has not come to its lock yet.
       OR (j.status = 'STARTING' AND j.created_at > now() - interval '60 seconds') AS alive,
       (SELECT count(*) FROM workbench.table_embedding_error e WHERE e.job_id = j.job_id) AS errors
FROM workbench.table_embedding_job j
WHERE CAST(:job_id AS bigint) IS NULL OR j.job_id = CAST(:job_id AS bigint)
ORDER BY j.job_id DESC
LIMIT 20;
