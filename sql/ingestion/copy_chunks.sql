-- Chunks into Bedrock's table, with the program's own binary rows on standard input.
--   psql "$DATABASE_URL" -c "$(cat sql/ingestion/copy_chunks.sql)" < rows.bin
COPY bedrock_integration.bedrock_kb (id, embedding, chunks, metadata, custom_metadata)
FROM STDIN (FORMAT BINARY);
