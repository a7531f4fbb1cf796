-- Choose the chunking strategy of a data source; documents are cut by it from the next job on.
--   psql "$DATABASE_URL" -v data_source_id="'DS00000001'" -v chunking="'FIXED_SIZE:300:20'" \
--     -f sql/catalogue/set_chunking.sql
UPDATE workbench.data_source SET chunking = :chunking WHERE data_source_id = :data_source_id;
