-- Workers that have shown a sign of life within dead_seconds.
--   psql "$DATABASE_URL" -v dead_seconds=20 -f sql/queue/live_workers.sql
SELECT count(*) AS workers
FROM workbench_queue.procrastinate_workers
WHERE last_heartbeat > now() - make_interval(secs => :dead_seconds);
