-- Move incoming chunks into the bookkeeping and compute their lexemes; needs create_incoming_chunks.
--   psql "$DATABASE_URL" -1 -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -f sql/ingestion/create_incoming_chunks.sql -f sql/ingestion/insert_chunks.sql
INSERT INTO workbench.chunk (id, document_id, ordinal, heading_path, tokens, first_page, last_page, page_label,
                             placements, text_sha256, lexemes)
SELECT id, CAST(:document_id AS uuid), ordinal, heading_path, tokens, first_page, last_page, page_label,
       placements, text_sha256, to_tsvector('english', text) || array_to_tsvector(identifiers)
FROM incoming_chunk;
