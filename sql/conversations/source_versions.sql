-- Which version of which document each chunk is of, with its text as stored and where that stands in the document. The
-- etag is empty while another version waits to be synced.
--   psql "$DATABASE_URL" -v chunk_ids="'{00000000-0000-0000-0000-000000000001}'" \
--     -f sql/conversations/source_versions.sql
SELECT kb.id, coalesce(p.text, kb.chunks) AS text, coalesce(p.placements, c.placements) AS placements,
       d.document_id, d.key, CASE d.status WHEN 'INDEXED' THEN d.etag END AS etag
FROM bedrock_integration.bedrock_kb kb
LEFT JOIN workbench.chunk c USING (id)
LEFT JOIN workbench.document d USING (document_id)
LEFT JOIN workbench.parent_chunk p ON p.document_id = c.document_id AND p.ordinal = c.parent
WHERE kb.id = ANY (CAST(:chunk_ids AS uuid[]));
