-- What reading one page of a document gave, and where its characters stand.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -v page_number=1 \
--     -f sql/catalogue/page_outcome.sql
SELECT page_number, page_label, outcome, outcome_reason, boxes
FROM workbench.document_page
WHERE document_id = CAST(:document_id AS uuid) AND page_number = :page_number;
