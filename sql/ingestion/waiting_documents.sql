-- Documents of a job that are not finished, largest first; those to be deleted come when all others are done.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -f sql/ingestion/waiting_documents.sql
SELECT document_id
FROM workbench.ingestion_document
WHERE ingestion_job_id = :ingestion_job_id AND action <> 'DELETED' AND status IN ('PENDING', 'IN_PROGRESS')
ORDER BY size_bytes DESC, key COLLATE "C";
