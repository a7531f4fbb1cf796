-- Every document of a data source with its state, by key.
--   psql "$DATABASE_URL" -v data_source_id="'DS00000001'" -f sql/catalogue/list_documents.sql
SELECT document_id, key, etag, size_bytes, status, status_reason, pages, chunks, updated_at
FROM workbench.document
WHERE data_source_id = :data_source_id
ORDER BY key COLLATE "C";
