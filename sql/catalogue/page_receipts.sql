-- How many pages of a document gave text, were empty or were skipped, and why; the most frequent first.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -f sql/catalogue/page_receipts.sql
SELECT outcome, outcome_reason, count(*) AS pages, min(page_number) AS first_page
FROM workbench.document_page
WHERE document_id = CAST(:document_id AS uuid)
GROUP BY outcome, outcome_reason
ORDER BY pages DESC, outcome, outcome_reason;
