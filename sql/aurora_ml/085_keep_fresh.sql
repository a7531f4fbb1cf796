-- A document whose text changes loses its embedding, and the next run of the batch embeds just this one.
--   psql "$DATABASE_URL" -f sql/aurora_ml/085_keep_fresh.sql
DROP TRIGGER IF EXISTS forget_embedding ON documents;
CREATE TRIGGER forget_embedding
    BEFORE UPDATE OF content ON documents
    FOR EACH ROW WHEN (OLD.content IS DISTINCT FROM NEW.content)
    EXECUTE FUNCTION workbench.forget_embedding('embedding');
