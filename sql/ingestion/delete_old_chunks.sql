-- Take the chunks of a document out of Bedrock's table that its new version does not have.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -f sql/ingestion/delete_old_chunks.sql
DELETE FROM bedrock_integration.bedrock_kb kb
USING workbench.chunk c
WHERE kb.id = c.id AND c.document_id = CAST(:document_id AS uuid)
  AND NOT EXISTS (SELECT FROM workbench.staged_chunk s WHERE s.id = c.id);
