-- Parents of chunks of a document on its way in, with the program's own binary rows on standard input.
--   psql "$DATABASE_URL" -c "$(cat sql/ingestion/copy_parents.sql)" < rows.bin
COPY workbench.staged_parent (document_id, ordinal, text, heading_path, tokens, first_page, last_page, page_label, placements)
FROM STDIN (FORMAT BINARY);
