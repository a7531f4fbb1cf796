-- Where a chunk, or the parent that is returned for it, stands in its document: rows of (start, end, page_number, page_start).
--   psql "$DATABASE_URL" -v chunk_id="'00000000-0000-0000-0000-000000000001'" -f sql/catalogue/chunk_placements.sql
SELECT c.document_id, d.key, coalesce(p.placements, c.placements) AS placements,
       coalesce(p.first_page, c.first_page) AS first_page, coalesce(p.page_label, c.page_label) AS page_label
FROM workbench.chunk c
JOIN workbench.document d USING (document_id)
LEFT JOIN workbench.parent_chunk p ON p.document_id = c.document_id AND p.ordinal = c.parent
WHERE c.id = CAST(:chunk_id AS uuid);
