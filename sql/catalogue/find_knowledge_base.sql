-- The knowledge base and its data source for a bucket.
--   psql "$DATABASE_URL" -v bucket="'workbench'" -f sql/catalogue/find_knowledge_base.sql
SELECT knowledge_base_id, data_source_id
FROM workbench.data_source
WHERE bucket = :bucket;
