-- Let a row whose text changes lose its embedding, so that the next run embeds just these rows.
--   psql "$DATABASE_URL" -v schema=public -v table=documents -v text_column=content \
--     -v trigger=forget_embedding -v column_name="'embedding'" -f sql/table_embedding/create_trigger.sql
CREATE OR REPLACE TRIGGER :"trigger"
    BEFORE UPDATE OF :"text_column" ON :"schema".:"table"
    FOR EACH ROW WHEN (OLD.:"text_column" IS DISTINCT FROM NEW.:"text_column")
    EXECUTE FUNCTION workbench.forget_embedding(:column_name);
