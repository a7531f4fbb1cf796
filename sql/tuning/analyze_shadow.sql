-- Give the planner the size of the copy, without which it guesses.
--   psql "$DATABASE_URL" -f sql/tuning/analyze_shadow.sql
ANALYZE workbench_tuning.shadow;
