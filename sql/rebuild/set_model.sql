-- Note whose vectors the knowledge bases of this database hold.
--   psql "$DATABASE_URL" -v provider="'local'" -v model="'all-MiniLM-L6-v2'" -v dimensions=384 -v normalised=true \
--     -f sql/rebuild/set_model.sql
UPDATE workbench.knowledge_base
SET embedding_provider = :provider, embedding_model = :model, embedding_dimensions = :dimensions,
    embedding_normalised = :normalised;
