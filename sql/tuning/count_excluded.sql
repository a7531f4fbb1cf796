-- How many rows of the live table no index holds.
--   psql "$DATABASE_URL" -f sql/tuning/count_excluded.sql
SELECT count(*) FILTER (WHERE embedding IS NULL)           AS null_vectors,
       count(*) FILTER (WHERE vector_norm(embedding) = 0)  AS zero_vectors
FROM bedrock_integration.bedrock_kb;
