-- Note from what a document's staged pages and chunks are made, and whether they are all there.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -v version="'e'" -v pages=1 \
--     -v chunks=1 -v is_complete=true -f sql/ingestion/stage_document.sql
INSERT INTO workbench.staged_document (document_id, version, pages, chunks, is_complete)
VALUES (CAST(:document_id AS uuid), :version, :pages, :chunks, :is_complete)
ON CONFLICT (document_id) DO UPDATE
SET version = excluded.version, pages = excluded.pages, chunks = excluded.chunks, is_complete = excluded.is_complete;
