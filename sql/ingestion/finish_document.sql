-- End a document's part in a job and count it, unless another attempt has taken it over.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" \
--     -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -v attempt="'00000000-0000-0000-0000-00000000000a'" -v status="'DONE'" -v status_reason=NULL \
--     -f sql/ingestion/finish_document.sql
WITH document AS (
    UPDATE workbench.ingestion_document w
    SET status = :status, status_reason = CAST(:status_reason AS text), stage = '', updated_at = now(),
        -- Progress is written now and then; what is published is stored to the last chunk.
        chunks_stored = CASE WHEN :status = 'DONE' AND j.mode <> 'PLAN' THEN w.chunks_made ELSE w.chunks_stored END
    FROM workbench.ingestion_job j
    WHERE w.ingestion_job_id = :ingestion_job_id AND w.document_id = CAST(:document_id AS uuid)
      AND w.attempt = CAST(:attempt AS uuid) AND w.status = 'IN_PROGRESS'
      AND j.ingestion_job_id = w.ingestion_job_id
    RETURNING w.ingestion_job_id, w.action, w.status
)
UPDATE workbench.ingestion_job j
SET new_documents_indexed = new_documents_indexed + CAST(d.status = 'DONE' AND d.action = 'NEW' AS integer),
    modified_documents_indexed = modified_documents_indexed + CAST(d.status = 'DONE' AND d.action = 'MODIFIED' AS integer),
    metadata_documents_modified = metadata_documents_modified + CAST(d.status = 'DONE' AND d.action = 'METADATA' AS integer),
    documents_failed = documents_failed + CAST(d.status = 'FAILED' AS integer),
    updated_at = now()
FROM document d
WHERE j.ingestion_job_id = d.ingestion_job_id
RETURNING j.ingestion_job_id;
