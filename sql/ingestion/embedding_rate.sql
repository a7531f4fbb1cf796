-- Texts embedded per second by the latest job that embedded a hundred or more; no row before there was one.
--   psql "$DATABASE_URL" -v data_source_id="'DS00000001'" -f sql/ingestion/embedding_rate.sql
SELECT CAST(embedding_calls / extract(epoch FROM updated_at - started_at) AS float8) AS texts_per_second
FROM workbench.ingestion_job
WHERE data_source_id = :data_source_id AND status = 'COMPLETE' AND embedding_calls >= 100
ORDER BY started_at DESC
LIMIT 1;
