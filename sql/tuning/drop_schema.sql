-- Remove the sweep's schema; refused while anything is in it.
--   psql "$DATABASE_URL" -f sql/tuning/drop_schema.sql
DROP SCHEMA workbench_tuning RESTRICT;
