-- Versions of the server and of pgvector (NULL when it is not installed).
--   psql "$DATABASE_URL" -f sql/queries/versions.sql
SELECT current_setting('server_version')                                AS postgres_version,
       current_setting('server_version_num')::integer                   AS postgres_number,
       (SELECT extversion FROM pg_extension WHERE extname = 'vector')   AS pgvector_version;
