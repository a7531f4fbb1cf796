-- Vectors out of line would make each scan of the copy read two tables.
--   psql "$DATABASE_URL" -f sql/tuning/keep_vectors_in_row.sql
ALTER TABLE workbench_tuning.shadow ALTER COLUMN embedding SET STORAGE PLAIN;
