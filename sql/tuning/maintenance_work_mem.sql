-- What the server grants an index build by itself, in bytes.
--   psql "$DATABASE_URL" -f sql/tuning/maintenance_work_mem.sql
SELECT pg_size_bytes(current_setting('maintenance_work_mem')) AS bytes;
