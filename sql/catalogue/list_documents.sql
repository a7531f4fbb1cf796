-- Every document of a data source with its state, by key.
--   psql "$DATABASE_URL" -v data_source_id="'DS00000001'" -f sql/catalogue/list_documents.sql
SELECT document_id, key, etag, metadata_etag, size_bytes, status, status_reason, pages, pages_text, pages_empty, pages_skipped,
       pages_failed, chunks, chunking, embedding_prefix, updated_at
FROM workbench.document
WHERE data_source_id = :data_source_id
ORDER BY key COLLATE "C";
