-- Whether schema and role of Bedrock are there, and the role that runs this may do what the workbench does.
--   psql "$DATABASE_URL" -f sql/check/roles.sql
WITH facts AS (
    SELECT to_regnamespace('bedrock_integration')                       AS schema_id,
           (SELECT oid FROM pg_roles WHERE rolname = 'bedrock_user')    AS role_id,
           -- From PostgreSQL 16 on membership alone does not let one become the other.
           CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END AS becoming
), checks AS (
    SELECT 1 AS place,
           'Schema bedrock_integration' AS name,
           schema_id IS NOT NULL AS ok,
           'CREATE SCHEMA bedrock_integration;' AS mend
    FROM facts
    UNION ALL
    SELECT 2, 'Role bedrock_user', role_id IS NOT NULL, 'CREATE ROLE bedrock_user LOGIN;' FROM facts
    UNION ALL
    SELECT 3,
           'Role bedrock_user may use the schema',
           coalesce(has_schema_privilege(role_id, schema_id, 'USAGE')
                    AND has_schema_privilege(role_id, schema_id, 'CREATE'), false),
           'GRANT ALL ON SCHEMA bedrock_integration TO bedrock_user;'
    FROM facts
    UNION ALL
    SELECT 4,
           format('Role %I may become bedrock_user', current_user),
           coalesce(pg_has_role(role_id, becoming), false),
           format('GRANT bedrock_user TO %I;', current_user)
    FROM facts
    UNION ALL
    SELECT 5,
           format('Role %I may make schemas in the database', current_user),
           has_database_privilege(current_database(), 'CREATE'),
           format('GRANT CREATE ON DATABASE %I TO %I;', current_database(), current_user)
)
SELECT name,
       ok,
       CASE WHEN ok THEN 'yes' ELSE 'no' END AS found,
       CASE WHEN ok THEN '' ELSE mend END    AS mend
FROM checks
ORDER BY place;
