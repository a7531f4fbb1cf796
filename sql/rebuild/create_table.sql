-- An empty table like Bedrock's, for vectors of another model.
--   psql "$DATABASE_URL" -v dimensions=384 -f sql/rebuild/create_table.sql
CREATE TABLE bedrock_integration.bedrock_kb_rebuilt (LIKE bedrock_integration.bedrock_kb INCLUDING DEFAULTS);
ALTER TABLE bedrock_integration.bedrock_kb_rebuilt
    ALTER COLUMN embedding TYPE vector(:dimensions),
    ALTER COLUMN embedding SET STORAGE PLAIN;
ALTER TABLE bedrock_integration.bedrock_kb_rebuilt OWNER TO bedrock_user;
