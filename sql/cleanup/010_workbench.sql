-- Removes the workbench's own schemas: documents, jobs, the queue, whatever a sweep has left. Run as their owner.
--   psql "$DATABASE_URL" -f sql/cleanup/010_workbench.sql
DROP SCHEMA IF EXISTS workbench, workbench_queue, workbench_tuning CASCADE;
