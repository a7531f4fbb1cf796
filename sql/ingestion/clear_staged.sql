-- Forget what is staged of a document; its vectors stay.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -f sql/ingestion/clear_staged.sql
WITH pages AS (
    DELETE FROM workbench.staged_page WHERE document_id = CAST(:document_id AS uuid)
), parents AS (
    DELETE FROM workbench.staged_parent WHERE document_id = CAST(:document_id AS uuid)
), chunks AS (
    DELETE FROM workbench.staged_chunk WHERE document_id = CAST(:document_id AS uuid)
)
DELETE FROM workbench.staged_document WHERE document_id = CAST(:document_id AS uuid);
