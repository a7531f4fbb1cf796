-- The chunks that stand on some pages of a document, with their runs on them; rows of (start, end, page_number, page_start).
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -v page_numbers="'{1,2}'" \
--     -f sql/explain/chunks_of_pages.sql
SELECT id, parent, placements
FROM workbench.chunk
WHERE document_id = CAST(:document_id AS uuid)
  AND EXISTS (
      SELECT FROM unnest(CAST(:page_numbers AS integer[])) AS page_number
      WHERE first_page <= page_number AND last_page >= page_number
  )
ORDER BY ordinal;
