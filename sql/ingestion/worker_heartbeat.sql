-- A worker's sign of life.
--   psql "$DATABASE_URL" -v worker_id="'00000000-0000-0000-0000-00000000000b'" -v data_source_id="'DS00000001'" \
--     -v host="'here'" -v pid=1 -f sql/ingestion/worker_heartbeat.sql
INSERT INTO workbench.worker (worker_id, data_source_id, host, pid)
VALUES (CAST(:worker_id AS uuid), :data_source_id, :host, :pid)
ON CONFLICT (worker_id) DO UPDATE SET heartbeat_at = now();
