-- Write down what a job is to do with a document.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" \
--     -v document_id="'00000000-0000-0000-0000-000000000001'" -v key="'a.pdf'" -v action="'NEW'" -v etag="'e'" \
--     -v metadata_etag=NULL -v size_bytes=1 -f sql/ingestion/add_document.sql
INSERT INTO workbench.ingestion_document (ingestion_job_id, document_id, key, action, etag, metadata_etag, size_bytes)
VALUES (:ingestion_job_id, CAST(:document_id AS uuid), :key, :action, :etag, CAST(:metadata_etag AS text), :size_bytes);
