-- Documents that a job still has to delete.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -f sql/ingestion/deletions.sql
SELECT document_id, key
FROM workbench.ingestion_document
WHERE ingestion_job_id = :ingestion_job_id AND action = 'DELETED' AND status <> 'DONE'
ORDER BY key COLLATE "C";
