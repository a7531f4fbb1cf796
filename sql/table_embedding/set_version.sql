-- Note which version of 050_embed_table.sql is installed.
--   psql "$DATABASE_URL" -v version="'by hand'" -f sql/table_embedding/set_version.sql
COMMENT ON PROCEDURE workbench.embed_table IS :version;
