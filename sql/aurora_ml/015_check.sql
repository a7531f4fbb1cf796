-- What embeddings from SQL need of a database, and what it has. Nothing is called and nothing is changed.
--   psql "$DATABASE_URL" -f sql/aurora_ml/015_check.sql
SELECT (SELECT extversion FROM pg_extension WHERE extname = 'aws_ml')                AS aws_ml_version,
       (SELECT default_version FROM pg_available_extensions WHERE name = 'aws_ml')   AS aws_ml_available,
       (SELECT extversion FROM pg_extension WHERE extname = 'vector')                AS vector_version,
       to_regprocedure('aws_bedrock.invoke_model_get_embeddings(varchar, text, text, text)') IS NOT NULL AS has_function,
       coalesce(has_schema_privilege(to_regnamespace('aws_bedrock'), 'USAGE'), false)                    AS may_use_schema,
       coalesce(has_function_privilege(
           to_regprocedure('aws_bedrock.invoke_model_get_embeddings(varchar, text, text, text)'), 'EXECUTE'), false) AS may_execute,
       to_regproc('aurora_version') IS NOT NULL                                      AS is_aurora,
       to_regnamespace('embed_bridge') IS NOT NULL                                   AS is_stand_in,
       current_user::text                                                            AS role;
