-- Forget a document that has left the data source; run after delete_document_chunks.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -f sql/ingestion/delete_document.sql
DELETE FROM workbench.document WHERE document_id = CAST(:document_id AS uuid);
