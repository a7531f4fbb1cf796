-- Record a document as found in the bucket; a new etag makes it PENDING again.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -v data_source_id="'DS00000001'" \
--     -v key="'a.pdf'" -v etag="'e'" -v size_bytes=1 -v status="'PENDING'" -v status_reason=NULL \
--     -f sql/catalogue/put_document.sql
INSERT INTO workbench.document (document_id, data_source_id, key, etag, size_bytes, status, status_reason)
VALUES (:document_id, :data_source_id, :key, :etag, :size_bytes, :status, CAST(:status_reason AS text))
ON CONFLICT (document_id) DO UPDATE
SET etag = excluded.etag, size_bytes = excluded.size_bytes, status = excluded.status,
    status_reason = excluded.status_reason, updated_at = now();
