-- One document with its state.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -f sql/catalogue/get_document.sql
SELECT document_id, key, etag, metadata_etag, size_bytes, status, status_reason, pages, pages_text, pages_empty, pages_skipped,
       pages_failed, chunks, chunking, embedding_prefix, updated_at
FROM workbench.document
WHERE document_id = CAST(:document_id AS uuid);
