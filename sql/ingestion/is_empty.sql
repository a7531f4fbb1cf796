-- Whether Bedrock's table has no chunk yet.
--   psql "$DATABASE_URL" -f sql/ingestion/is_empty.sql
SELECT NOT EXISTS (SELECT FROM bedrock_integration.bedrock_kb) AS is_empty;
