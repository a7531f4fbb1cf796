-- Vectors of texts that are not published yet, with the program's own binary rows on standard input.
--   psql "$DATABASE_URL" -c "$(cat sql/ingestion/copy_embeddings.sql)" < rows.bin
COPY workbench.staged_embedding (text_sha256, model, embedding)
FROM STDIN (FORMAT BINARY);
