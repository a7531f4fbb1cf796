-- Rows that a job could not embed, latest first.
--   psql "$DATABASE_URL" -v job_id=1 -f sql/table_embedding/list_errors.sql
SELECT row_key::text AS row_key, attempts, sqlstate, message, failed_at
FROM workbench.table_embedding_error
WHERE job_id = :job_id
ORDER BY error_id DESC
LIMIT 100;
