-- Whether whoever started a job has agreed that it deletes more than half of the knowledge base.
--   psql "$DATABASE_URL" -f sql/migrations/002_allow_deletions.sql
ALTER TABLE workbench.ingestion_job ADD COLUMN allow_deletions boolean NOT NULL DEFAULT false;
