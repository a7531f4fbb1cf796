-- Keep a drawn page of a document's version; one that is kept already stays.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-00000000000a'" -v etag="'e'" -v page_number=1 -v scale=1.6 \
--     -v png="'x'" -f sql/conversations/freeze_page.sql
INSERT INTO workbench.frozen_page (document_id, etag, page_number, scale, png)
VALUES (CAST(:document_id AS uuid), :etag, :page_number, :scale, :png)
ON CONFLICT DO NOTHING;
