-- The knowledge base and its data source for a bucket.
--   psql "$DATABASE_URL" -v bucket="'workbench'" -f sql/catalogue/find_knowledge_base.sql
SELECT k.knowledge_base_id, d.data_source_id, k.embedding_provider, k.embedding_model,
       k.embedding_dimensions, k.embedding_normalised
FROM workbench.knowledge_base k
JOIN workbench.data_source d USING (knowledge_base_id)
WHERE d.bucket = :bucket;
