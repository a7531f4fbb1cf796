-- Bookkeeping of chunks into the table of create_incoming_chunks, binary rows on standard input.
--   psql "$DATABASE_URL" -1 -f sql/ingestion/create_incoming_chunks.sql \
--     -c "$(cat sql/ingestion/copy_incoming_chunks.sql)" < rows.bin
COPY incoming_chunk (id, ordinal, heading_path, tokens, first_page, last_page, page_label, placements, text_sha256, text,
                     identifiers)
FROM STDIN (FORMAT BINARY);
