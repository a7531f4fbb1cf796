-- Whether the server and pgvector are new enough; each row has what was found and the statement that mends it.
--   psql "$DATABASE_URL" -f sql/check/server.sql
WITH facts AS (
    SELECT current_setting('server_version')                              AS postgres,
           current_setting('server_version_num')::integer                 AS number,
           (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS pgvector,
           (SELECT default_version FROM pg_available_extensions WHERE name = 'vector') AS available
), checks AS (
    SELECT facts.*,
           coalesce(CAST(string_to_array(substring(pgvector  from '^[0-9.]+'), '.') AS integer[]) >= '{0,8}', false) AS new_enough,
           coalesce(CAST(string_to_array(substring(available from '^[0-9.]+'), '.') AS integer[]) >= '{0,8}', false) AS can_be_had
    FROM facts
)
SELECT 'PostgreSQL 15 or newer' AS name,
       number >= 150000         AS ok,
       postgres                 AS found,
       CASE WHEN number >= 150000 THEN ''
            ELSE '-- Upgrade the cluster, for instance with aws rds modify-db-cluster --engine-version 16.6'
       END                      AS mend
FROM checks
UNION ALL
SELECT 'Extension vector 0.8 or newer',
       new_enough,
       coalesce(pgvector, 'not installed'),
       CASE WHEN new_enough THEN ''
            WHEN NOT can_be_had THEN '-- The server has pgvector ' || coalesce(available, 'nowhere') || '; upgrade the cluster'
            WHEN pgvector IS NULL THEN 'CREATE EXTENSION vector;'
            ELSE 'ALTER EXTENSION vector UPDATE;'
       END
FROM checks;
