-- The chunks of a document from an ordinal on, in order; at most row_limit.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -v first_ordinal=0 -v row_limit=10 \
--     -f sql/catalogue/chunks_in_order.sql
SELECT c.id, c.ordinal, c.heading_path, c.tokens, c.first_page, c.last_page, c.page_label, c.placements,
       kb.chunks, kb.custom_metadata
FROM workbench.chunk c
JOIN bedrock_integration.bedrock_kb kb USING (id)
WHERE c.document_id = CAST(:document_id AS uuid) AND c.ordinal >= :first_ordinal
ORDER BY c.ordinal
LIMIT :row_limit;
