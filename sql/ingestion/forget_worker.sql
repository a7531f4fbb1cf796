-- A worker has ended, and so have those that gave no sign of life for an hour.
--   psql "$DATABASE_URL" -v worker_id="'00000000-0000-0000-0000-00000000000b'" \
--     -f sql/ingestion/forget_worker.sql
DELETE FROM workbench.worker
WHERE worker_id = CAST(:worker_id AS uuid) OR heartbeat_at < now() - interval '1 hour';
