-- Keep others from publishing the same document; returns nothing when another attempt has taken it over.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" \
--     -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -v attempt="'00000000-0000-0000-0000-00000000000a'" -f sql/ingestion/lock_document.sql
SELECT d.document_id
FROM workbench.document d
JOIN workbench.ingestion_document w USING (document_id)
WHERE w.ingestion_job_id = :ingestion_job_id AND w.document_id = CAST(:document_id AS uuid)
  AND w.attempt = CAST(:attempt AS uuid) AND w.status = 'IN_PROGRESS'
FOR UPDATE OF d;
