-- Mark a document as indexed, in the transaction that brings its chunks.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -v etag="'e'" -v size_bytes=1 \
--     -v pages=1 -v chunks=1 -f sql/ingestion/publish_document.sql
UPDATE workbench.document
SET status = 'INDEXED', status_reason = NULL, etag = :etag, size_bytes = :size_bytes,
    pages = :pages, chunks = :chunks, updated_at = now()
WHERE document_id = CAST(:document_id AS uuid);
