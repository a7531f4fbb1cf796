-- Move a document's staged pages and parents to where they are read.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -f sql/ingestion/publish_pages.sql
WITH parents AS (
    INSERT INTO workbench.parent_chunk
    SELECT * FROM workbench.staged_parent WHERE document_id = CAST(:document_id AS uuid)
)
INSERT INTO workbench.document_page
SELECT * FROM workbench.staged_page WHERE document_id = CAST(:document_id AS uuid);
