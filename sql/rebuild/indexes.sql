-- The indexes of Bedrock's table: names, the statements that make them, and which one is the primary key's.
--   psql "$DATABASE_URL" -f sql/rebuild/indexes.sql
SELECT c.relname AS name, pg_get_indexdef(c.oid) AS definition, i.indisprimary AS is_primary, i.indisunique AS is_unique
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = CAST('bedrock_integration.bedrock_kb' AS regclass);
