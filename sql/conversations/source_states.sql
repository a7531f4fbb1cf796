-- What there is now of chunks and documents that were cited once: a row for each pair, by its place.
--   psql "$DATABASE_URL" -v chunk_ids="'{00000000-0000-0000-0000-000000000001}'" \
--     -v document_ids="'{00000000-0000-0000-0000-000000000001}'" -f sql/conversations/source_states.sql
SELECT wanted.place, d.etag, d.document_id IS NOT NULL AS has_document,
       encode(sha256(convert_to(coalesce(p.text, kb.chunks), 'UTF8')), 'hex') AS text_sha256
FROM unnest(CAST(:chunk_ids AS uuid[]), CAST(:document_ids AS uuid[]))
     WITH ORDINALITY AS wanted(chunk_id, document_id, place)
LEFT JOIN workbench.document d ON d.document_id = wanted.document_id
LEFT JOIN bedrock_integration.bedrock_kb kb ON kb.id = wanted.chunk_id
LEFT JOIN workbench.chunk c ON c.id = kb.id
LEFT JOIN workbench.parent_chunk p ON p.document_id = c.document_id AND p.ordinal = c.parent
ORDER BY wanted.place;
