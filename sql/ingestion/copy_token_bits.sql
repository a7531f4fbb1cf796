-- Token vectors of texts, with the program's own binary rows on standard input.
--   psql "$DATABASE_URL" -c "$(cat sql/ingestion/copy_token_bits.sql)" < rows.bin
COPY workbench.token_bits (text_sha256, model, bits)
FROM STDIN (FORMAT BINARY);
