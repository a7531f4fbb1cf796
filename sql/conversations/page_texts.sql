-- Text and geometry of pages of several documents, as they were read.
--   psql "$DATABASE_URL" -v document_ids="'{00000000-0000-0000-0000-000000000001}'" -v page_numbers="'{1}'" \
--     -f sql/conversations/page_texts.sql
SELECT d.document_id, d.page_number, d.page_label, d.text, d.boxes
FROM unnest(CAST(:document_ids AS uuid[]), CAST(:page_numbers AS integer[])) AS wanted(document_id, page_number)
JOIN workbench.document_page d USING (document_id, page_number);
