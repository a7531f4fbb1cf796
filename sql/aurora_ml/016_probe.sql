-- One short call of a model: the only proof that role and network are as they must be. On Aurora it costs a few tokens.
--   psql "$DATABASE_URL" -v model_id="'amazon.titan-embed-text-v1'" -v json_key="'embedding'" \
--     -v model_input="'{\"inputText\": \"probe\"}'" -f sql/aurora_ml/016_probe.sql
SELECT cardinality(aws_bedrock.invoke_model_get_embeddings(
    model_id     := :model_id,
    content_type := 'application/json',
    json_key     := :json_key,
    model_input  := :model_input)) AS dimensions;
