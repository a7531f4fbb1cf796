-- Dimensions of the vectors that the knowledge base's table takes; -1 when it takes any.
--   psql "$DATABASE_URL" -f sql/queries/table_dimensions.sql
SELECT atttypmod AS dimensions
FROM pg_attribute
WHERE attrelid = to_regclass('bedrock_integration.bedrock_kb') AND attname = 'embedding';
