-- Whether the sweep's own schema exists. CREATE SCHEMA IF NOT EXISTS asks for a right it may not need.
--   psql "$DATABASE_URL" -f sql/tuning/schema_exists.sql
SELECT to_regnamespace('workbench_tuning') IS NOT NULL AS found;
