-- Where a chunk stands in its document: key, and rows of (start, end, page_number, page_start).
--   psql "$DATABASE_URL" -v chunk_id="'00000000-0000-0000-0000-000000000001'" -f sql/catalogue/chunk_placements.sql
SELECT c.document_id, d.key, c.placements, c.first_page, c.page_label
FROM workbench.chunk c
JOIN workbench.document d USING (document_id)
WHERE c.id = CAST(:chunk_id AS uuid);
