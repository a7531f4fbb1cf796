-- The schema of the workbench's own bookkeeping and its list of applied migrations (sql/migrations, in order).
--   psql "$DATABASE_URL" -f sql/schema/050_workbench.sql
CREATE SCHEMA IF NOT EXISTS workbench;

CREATE TABLE IF NOT EXISTS workbench.migration (
    name       text        PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);
