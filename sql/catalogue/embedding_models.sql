-- The embedding models whose vectors this database holds; there must be one at most.
--   psql "$DATABASE_URL" -f sql/catalogue/embedding_models.sql
SELECT DISTINCT embedding_provider   AS provider,
                embedding_model      AS model,
                embedding_dimensions AS dimensions,
                embedding_normalised AS normalised
FROM workbench.knowledge_base;
