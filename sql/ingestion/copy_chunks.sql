-- Chunks of a document on its way in, with the program's own binary rows on standard input.
--   psql "$DATABASE_URL" -c "$(cat sql/ingestion/copy_chunks.sql)" < rows.bin
COPY workbench.staged_chunk (document_id, ordinal, id, text, heading_path, tokens, first_page, last_page, page_label, placements,
                             text_sha256, identifiers, metadata, parent)
FROM STDIN (FORMAT BINARY);
