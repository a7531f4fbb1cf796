-- Whether the queue's tables are there.
--   psql "$DATABASE_URL" -f sql/queue/is_prepared.sql
SELECT to_regclass('workbench_queue.procrastinate_jobs') IS NOT NULL AS is_prepared;
