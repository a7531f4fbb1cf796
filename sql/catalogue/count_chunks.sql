-- How many documents are indexed and how many chunks the knowledge base has.
--   psql "$DATABASE_URL" -v data_source_id="'DS00000001'" -f sql/catalogue/count_chunks.sql
SELECT (SELECT count(*) FROM workbench.document
        WHERE data_source_id = :data_source_id AND status = 'INDEXED') AS documents,
       (SELECT count(*) FROM bedrock_integration.bedrock_kb)           AS chunks;
