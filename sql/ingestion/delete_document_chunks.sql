-- Take a document's chunks out of Bedrock's table; its own rows go with delete_document.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -f sql/ingestion/delete_document_chunks.sql
DELETE FROM bedrock_integration.bedrock_kb kb
USING workbench.chunk c
WHERE kb.id = c.id AND c.document_id = CAST(:document_id AS uuid);
