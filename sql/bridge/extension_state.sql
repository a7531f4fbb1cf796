-- Whether aws_ml is there, whether it could be made, and whether it is the stand-in.
--   psql "$DATABASE_URL" -f sql/bridge/extension_state.sql
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'aws_ml')            AS installed,
       (SELECT comment FROM pg_available_extensions WHERE name = 'aws_ml')   AS available,
       to_regnamespace('aws_bedrock') IS NOT NULL                            AS has_schema;
