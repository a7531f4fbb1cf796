-- The sign of life of a job, for as long as the session lasts.
--   psql "$DATABASE_URL" -v lock_class=5150002 -v job_id=1 -f sql/table_embedding/take_lock.sql
SELECT pg_try_advisory_lock(:lock_class, CAST(:job_id AS integer)) AS taken;
