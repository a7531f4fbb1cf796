-- Size of the index on the copy.
--   psql "$DATABASE_URL" -f sql/tuning/index_bytes.sql
SELECT pg_relation_size('workbench_tuning.shadow_index') AS bytes;
