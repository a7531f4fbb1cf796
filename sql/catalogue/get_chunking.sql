-- The chunking strategy of a data source, in its short form.
--   psql "$DATABASE_URL" -v data_source_id="'DS00000001'" -f sql/catalogue/get_chunking.sql
SELECT chunking FROM workbench.data_source WHERE data_source_id = :data_source_id;
