-- Vectors of the tokens of each chunk, one bit a dimension, for reranking by late interaction.
--   psql "$DATABASE_URL" -f sql/migrations/007_token_bits.sql
-- Of a text, not of a chunk: they stay when a document is published anew. Two attempts at a document may both have
-- written the same.
CREATE TABLE workbench.token_bits (
    text_sha256 bytea NOT NULL,
    model       text  NOT NULL,
    bits        bytea NOT NULL
);
-- Signs do not compress.
ALTER TABLE workbench.token_bits ALTER COLUMN bits SET STORAGE EXTERNAL;
CREATE INDEX token_bits_text_sha256_idx ON workbench.token_bits (text_sha256);

-- Documents that were embedded without them are embedded again by the next sync.
UPDATE workbench.document SET chunking = NULL;
