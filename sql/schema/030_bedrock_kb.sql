-- The table of a Bedrock knowledge base, with the columns that Bedrock's documentation names.
-- `dimensions` is the embedding model's: 384 all-MiniLM-L6-v2, 1536 Titan v1, 1024 Titan v2 and Cohere v3.
--   psql "$DATABASE_URL" -v dimensions=384 -f sql/schema/030_bedrock_kb.sql
CREATE TABLE IF NOT EXISTS bedrock_integration.bedrock_kb (
    id              uuid PRIMARY KEY,
    embedding       vector(:dimensions),
    chunks          text,
    metadata        json,
    custom_metadata jsonb
);

ALTER TABLE bedrock_integration.bedrock_kb OWNER TO bedrock_user;

-- Vectors of up to 2,000 dimensions fit into a page. Kept in the row, an exact scan reads one
-- table and not two; out of line it costs several times more.
ALTER TABLE bedrock_integration.bedrock_kb ALTER COLUMN embedding SET STORAGE PLAIN;
