-- Whether this role made the sweep's schema and could make it again: one that an administrator
-- has prepared stays.
--   psql "$DATABASE_URL" -f sql/tuning/may_drop_schema.sql
SELECT pg_get_userbyid(nspowner) = current_user
       AND has_database_privilege(current_database(), 'CREATE') AS allowed
FROM pg_namespace
WHERE nspname = 'workbench_tuning';
