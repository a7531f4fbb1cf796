-- Workers of a data source that have shown a sign of life within dead_seconds.
--   psql "$DATABASE_URL" -v data_source_id="'DS00000001'" -v dead_seconds=12 -f sql/ingestion/list_workers.sql
SELECT worker_id, host, pid, started_at, heartbeat_at
FROM workbench.worker
WHERE data_source_id = :data_source_id AND heartbeat_at > now() - make_interval(secs => :dead_seconds)
ORDER BY started_at;
