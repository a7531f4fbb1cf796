-- What is staged of a document.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -f sql/ingestion/staged_version.sql
SELECT version, pages, chunks, is_complete FROM workbench.staged_document WHERE document_id = CAST(:document_id AS uuid);
