-- Mark a document as indexed, in the transaction that brings its chunks; returns how many chunks are there.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -v etag="'e'" \
--     -v metadata_etag=NULL -v size_bytes=1 -v chunking="'DEFAULT:300'" -v embedding_prefix="''" \
--     -f sql/ingestion/publish_document.sql
UPDATE workbench.document d
SET status = 'INDEXED', status_reason = NULL, etag = :etag, metadata_etag = CAST(:metadata_etag AS text),
    size_bytes = :size_bytes, chunking = :chunking, embedding_prefix = :embedding_prefix, updated_at = now(),
    pages = p.pages, pages_text = p.text, pages_empty = p.empty, pages_skipped = p.skipped, pages_failed = p.failed,
    chunks = c.chunks
FROM (
    SELECT count(*)                                    AS pages,
           count(*) FILTER (WHERE outcome = 'text')    AS text,
           count(*) FILTER (WHERE outcome = 'empty')   AS empty,
           count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
           count(*) FILTER (WHERE outcome = 'failed')  AS failed
    FROM workbench.document_page
    WHERE document_id = CAST(:document_id AS uuid)
) p, (
    SELECT count(kb.id) AS chunks
    FROM workbench.chunk c
    LEFT JOIN bedrock_integration.bedrock_kb kb USING (id)
    WHERE c.document_id = CAST(:document_id AS uuid)
) c
WHERE d.document_id = CAST(:document_id AS uuid)
RETURNING d.pages, d.chunks;
