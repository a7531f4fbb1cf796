-- Heading paths and texts of chunks, for suggested questions and for tuning; at most row_limit, spread evenly.
--   psql "$DATABASE_URL" -v row_limit=10 -f sql/catalogue/headings.sql
SELECT c.heading_path, kb.chunks
FROM workbench.chunk c
JOIN bedrock_integration.bedrock_kb kb USING (id)
ORDER BY md5(c.id::text)
LIMIT :row_limit;
