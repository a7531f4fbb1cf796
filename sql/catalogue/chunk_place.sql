-- Which chunk of which document an id is, and on which page it begins.
--   psql "$DATABASE_URL" -v chunk_id="'00000000-0000-0000-0000-000000000001'" -f sql/catalogue/chunk_place.sql
SELECT d.key, c.ordinal, c.first_page
FROM workbench.chunk c
JOIN workbench.document d USING (document_id)
WHERE c.id = CAST(:chunk_id AS uuid);
