-- Progress and statistics of a running job; the returned status tells the worker when to stop.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -v documents_scanned=1 -v new_documents_indexed=0 \
--     -v modified_documents_indexed=0 -v documents_deleted=0 -v documents_failed=0 -v document_key="'a.pdf'" \
--     -v stage="'reading'" -v pages_read=1 -v pages_total=9 -v chunks_made=0 -v chunks_embedded=0 -v embedding_calls=0 \
--     -v failure_reasons="'{}'" -f sql/ingestion/record_progress.sql
UPDATE workbench.ingestion_job
SET status = CASE status WHEN 'STARTING' THEN 'IN_PROGRESS' ELSE status END,
    documents_scanned = :documents_scanned,
    new_documents_indexed = :new_documents_indexed,
    modified_documents_indexed = :modified_documents_indexed,
    documents_deleted = :documents_deleted,
    documents_failed = :documents_failed,
    document_key = :document_key,
    stage = :stage,
    pages_read = :pages_read,
    pages_total = :pages_total,
    chunks_made = :chunks_made,
    chunks_embedded = :chunks_embedded,
    embedding_calls = :embedding_calls,
    failure_reasons = CAST(:failure_reasons AS text[]),
    updated_at = now()
WHERE ingestion_job_id = :ingestion_job_id
RETURNING status;
