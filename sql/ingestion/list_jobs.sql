-- The latest ingestion jobs of a data source, newest first; plans are none of them.
--   psql "$DATABASE_URL" -v data_source_id="'DS00000001'" -v row_limit=20 -f sql/ingestion/list_jobs.sql
SELECT *
FROM workbench.ingestion_job_progress
WHERE data_source_id = :data_source_id AND mode <> 'PLAN'
ORDER BY started_at DESC
LIMIT :row_limit;
