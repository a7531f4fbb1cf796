-- A new job, unless one for the same column lives; its id.
--   psql "$DATABASE_URL" -v target="'public.documents'" -v text_column="'content'" -v embedding_column="'embedding'" \
--     -v model_id="'amazon.titan-embed-text-v1'" -v dimensions=1536 -v answered_by="'all-MiniLM-L6-v2'" -v options="'{}'" \
--     -v rows_total=7 -f sql/table_embedding/create_job.sql
INSERT INTO workbench.table_embedding_job
    (target, text_column, embedding_column, model_id, dimensions, answered_by, options, rows_total)
VALUES (:target, :text_column, :embedding_column, :model_id, :dimensions, :answered_by, CAST(:options AS jsonb), :rows_total)
RETURNING job_id;
