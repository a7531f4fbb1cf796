-- The latest ingestion jobs of a data source, newest first.
--   psql "$DATABASE_URL" -v data_source_id="'DS00000001'" -v row_limit=20 -f sql/ingestion/list_jobs.sql
SELECT j.*, d.knowledge_base_id
FROM workbench.ingestion_job j
JOIN workbench.data_source d USING (data_source_id)
WHERE j.data_source_id = :data_source_id
ORDER BY j.started_at DESC
LIMIT :row_limit;
