-- Pages of a document on its way in, with the program's own binary rows on standard input.
--   psql "$DATABASE_URL" -c "$(cat sql/ingestion/copy_pages.sql)" < rows.bin
COPY workbench.staged_page (document_id, page_number, page_label, width, height, text, boxes, outcome, outcome_reason)
FROM STDIN (FORMAT BINARY);
