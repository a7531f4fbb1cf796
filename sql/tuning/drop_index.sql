-- Remove the index on the copy: with two of them every setting would measure the cheaper one.
--   psql "$DATABASE_URL" -f sql/tuning/drop_index.sql
DROP INDEX IF EXISTS workbench_tuning.shadow_index;
