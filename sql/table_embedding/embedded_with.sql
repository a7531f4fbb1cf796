-- Which model the embeddings that a column has now come from, as far as jobs know.
--   psql "$DATABASE_URL" -v target="'public.documents'" -v embedding_column="'embedding'" -f sql/table_embedding/embedded_with.sql
SELECT model_id, dimensions, answered_by, text_column
FROM workbench.table_embedding_job
WHERE target = :target AND embedding_column = :embedding_column AND rows_embedded > 0
ORDER BY job_id DESC
LIMIT 1;
