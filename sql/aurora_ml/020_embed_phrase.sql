-- The embedding of one phrase, as a float8[].
--   psql "$DATABASE_URL" -v phrase="'PostgreSQL I/O monitoring views'" -f sql/aurora_ml/020_embed_phrase.sql
SELECT aws_bedrock.invoke_model_get_embeddings(
    model_id     := 'amazon.titan-embed-text-v1',
    content_type := 'application/json',
    json_key     := 'embedding',
    model_input  := json_build_object('inputText', CAST(:phrase AS text))::text
) AS embedding;
