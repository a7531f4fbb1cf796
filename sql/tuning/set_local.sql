-- Set a setting until the end of the transaction.
--   psql "$DATABASE_URL" -v name="'hnsw.ef_search'" -v value="'80'" -f sql/tuning/set_local.sql
SELECT set_config(:name, :value, true);
