-- A page as it was drawn when it was cited.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-00000000000a'" -v etag="'e'" -v page_number=1 \
--     -f sql/conversations/frozen_page.sql
SELECT scale, png
FROM workbench.frozen_page
WHERE document_id = CAST(:document_id AS uuid) AND etag = :etag AND page_number = :page_number;
