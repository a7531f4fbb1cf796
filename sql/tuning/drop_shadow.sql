-- Remove the copy, also one that a killed sweep has left.
--   psql "$DATABASE_URL" -f sql/tuning/drop_shadow.sql
DROP TABLE IF EXISTS workbench_tuning.shadow;
