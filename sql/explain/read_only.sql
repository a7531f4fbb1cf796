-- From here on the transaction only reads, whatever EXPLAIN ANALYZE is given to run.
--   psql "$DATABASE_URL" -f sql/explain/read_only.sql
SELECT set_config('transaction_read_only', 'on', true);
