-- The schema of the job queue; procrastinate's own tables go into it.
--   psql "$DATABASE_URL" -f sql/queue/create_schema.sql
CREATE SCHEMA IF NOT EXISTS workbench_queue;
