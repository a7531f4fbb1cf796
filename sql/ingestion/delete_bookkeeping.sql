-- Forget what was read from a document before its new version is published.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -f sql/ingestion/delete_bookkeeping.sql
WITH pages AS (
    DELETE FROM workbench.document_page WHERE document_id = CAST(:document_id AS uuid)
), parents AS (
    DELETE FROM workbench.parent_chunk WHERE document_id = CAST(:document_id AS uuid)
)
DELETE FROM workbench.chunk WHERE document_id = CAST(:document_id AS uuid);
