-- A knowledge base with its data source; ids are ten letters or digits, as Bedrock's are.
--   psql "$DATABASE_URL" -v knowledge_base_id="'KB00000001'" -v data_source_id="'DS00000001'" -v name="'demo'" \
--     -v bucket="'workbench'" -v provider="'local'" -v model="'all-MiniLM-L6-v2'" -v dimensions=384 -v normalised=true \
--     -f sql/catalogue/create_knowledge_base.sql
WITH k AS (
    INSERT INTO workbench.knowledge_base (knowledge_base_id, name, embedding_provider, embedding_model,
                                          embedding_dimensions, embedding_normalised)
    VALUES (:knowledge_base_id, :name, :provider, :model, :dimensions, :normalised)
    RETURNING knowledge_base_id
)
INSERT INTO workbench.data_source (data_source_id, knowledge_base_id, bucket)
SELECT :data_source_id, knowledge_base_id, :bucket FROM k;
