-- Count embedded texts of a job that belong to none of its documents.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -v embedding_calls=1 -f sql/rebuild/count_embedding_calls.sql
UPDATE workbench.ingestion_job
SET embedding_calls = embedding_calls + :embedding_calls, updated_at = now()
WHERE ingestion_job_id = :ingestion_job_id;
