-- Text geometry of some pages of a document, to draw a passage on them.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -v page_numbers="'{1,2}'" \
--     -f sql/catalogue/page_geometry.sql
SELECT page_number, page_label, boxes
FROM workbench.document_page
WHERE document_id = :document_id AND page_number = ANY (CAST(:page_numbers AS integer[]))
ORDER BY page_number;
