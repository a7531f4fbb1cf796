-- Whether the workbench's own schema is there; its migrations and its queue are looked at by kb.
--   psql "$DATABASE_URL" -f sql/check/workbench.sql
SELECT 'Schema workbench with its list of migrations'        AS name,
       to_regclass('workbench.migration') IS NOT NULL         AS ok,
       CASE WHEN to_regclass('workbench.migration') IS NULL THEN 'missing' ELSE 'yes' END AS found,
       CASE WHEN to_regclass('workbench.migration') IS NULL
            THEN 'CREATE SCHEMA IF NOT EXISTS workbench; CREATE TABLE workbench.migration '
                 '(name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());'
            ELSE ''
       END                                                    AS mend;
