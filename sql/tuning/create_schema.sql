-- The schema of the shadow copy; nothing else lives in it.
--   psql "$DATABASE_URL" -f sql/tuning/create_schema.sql
CREATE SCHEMA workbench_tuning;
