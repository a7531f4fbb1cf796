-- Size of the copy and the versions that measure it.
--   psql "$DATABASE_URL" -f sql/tuning/describe_shadow.sql
SELECT count(*)                                                    AS chunks,
       min(vector_dims(embedding))                                 AS fewest_dimensions,
       max(vector_dims(embedding))                                 AS most_dimensions,
       current_setting('server_version')                           AS postgres_version,
       (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS pgvector_version
FROM workbench_tuning.shadow;
