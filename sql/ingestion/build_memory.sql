-- Memory for building an index, for this transaction only, unless the server gives more anyway.
--   psql "$DATABASE_URL" -v kilobytes=131072 -f sql/ingestion/build_memory.sql
SELECT set_config('maintenance_work_mem', CAST(:kilobytes AS text) || 'kB', true)
WHERE pg_size_bytes(current_setting('maintenance_work_mem')) < 1024 * CAST(:kilobytes AS bigint);
