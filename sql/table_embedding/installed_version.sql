-- Which version of 050_embed_table.sql is installed: the sum of its text, kept as the procedure's comment.
--   psql "$DATABASE_URL" -f sql/table_embedding/installed_version.sql
SELECT obj_description(p.oid, 'pg_proc') AS version
FROM pg_proc p
WHERE p.oid = to_regproc('workbench.embed_table');
