-- The documents nearest to a phrase, its embedding made in the same statement.
-- In a sub-select of its own it is made once and the index can be used; straight in ORDER BY it is made, and on
-- Aurora paid, for every row.
--   psql "$DATABASE_URL" -v phrase="'PostgreSQL I/O monitoring views'" -v number_of_results=3 -f sql/aurora_ml/080_search.sql
WITH question AS MATERIALIZED (
    SELECT CAST(aws_bedrock.invoke_model_get_embeddings(
        model_id     := 'amazon.titan-embed-text-v1',
        content_type := 'application/json',
        json_key     := 'embedding',
        model_input  := json_build_object('inputText', CAST(:phrase AS text))::text) AS vector) AS embedding
)
SELECT id, content, embedding <=> (SELECT embedding FROM question) AS distance
FROM documents
WHERE embedding IS NOT NULL
ORDER BY embedding <=> (SELECT embedding FROM question)
LIMIT :number_of_results;
