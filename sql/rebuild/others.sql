-- Other ingestion jobs of this database that have not ended.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -f sql/rebuild/others.sql
SELECT ingestion_job_id
FROM workbench.ingestion_job
WHERE status IN ('STARTING', 'IN_PROGRESS', 'STOPPING') AND ingestion_job_id <> :ingestion_job_id;
