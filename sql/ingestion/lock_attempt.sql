-- Hold a document's row while it is published; returns nothing when another attempt has taken it over.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" \
--     -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -v attempt="'00000000-0000-0000-0000-00000000000a'" -f sql/ingestion/lock_attempt.sql
SELECT document_id
FROM workbench.ingestion_document
WHERE ingestion_job_id = :ingestion_job_id AND document_id = CAST(:document_id AS uuid)
  AND attempt = CAST(:attempt AS uuid) AND status = 'IN_PROGRESS'
FOR UPDATE;
