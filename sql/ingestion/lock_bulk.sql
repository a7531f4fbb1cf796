-- One at a time fills an empty table of Bedrock's without its vector indexes. Run it in a transaction.
--   psql "$DATABASE_URL" -v key=5150003 -f sql/ingestion/lock_bulk.sql
SELECT pg_advisory_xact_lock(:key);
