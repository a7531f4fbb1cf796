-- Documents of a job with their progress: those at work, those that failed, then the others by name.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -v row_limit=200 \
--     -f sql/ingestion/list_job_documents.sql
SELECT *
FROM workbench.ingestion_document
WHERE ingestion_job_id = :ingestion_job_id
ORDER BY array_position(ARRAY['IN_PROGRESS', 'FAILED'], status) NULLS LAST, key COLLATE "C"
LIMIT :row_limit;
