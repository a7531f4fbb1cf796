-- The rows whose text is nearest in meaning to a phrase; the phrase is embedded once, in the same statement.
--   psql "$DATABASE_URL" -v schema=public -v table=documents -v text_column=content -v embedding_column=embedding \
--     -v model_id="'amazon.titan-embed-text-v1'" -v json_key="'embedding'" -v model_input="'{\"inputText\": \"views\"}'" \
--     -v number_of_results=5 -f sql/table_embedding/search.sql
WITH question AS MATERIALIZED (
    SELECT CAST(aws_bedrock.invoke_model_get_embeddings(
        model_id     := :model_id,
        content_type := 'application/json',
        json_key     := :json_key,
        model_input  := :model_input) AS vector) AS embedding
)
SELECT :"text_column"::text                                                                   AS content,
       1 - (:"embedding_column" <=> (SELECT q.embedding FROM question AS q))                  AS similarity,
       workbench.row_key(found.tableoid, found.ctid)                                          AS row_key
FROM :"schema".:"table" AS found
WHERE :"embedding_column" IS NOT NULL
ORDER BY :"embedding_column" <=> (SELECT q.embedding FROM question AS q)
LIMIT :number_of_results;
