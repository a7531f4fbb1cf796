-- Keep writers from Bedrock's table while its successor is filled; readers go on. Run it in a transaction.
--   psql "$DATABASE_URL" -1 -f sql/rebuild/lock.sql
LOCK TABLE bedrock_integration.bedrock_kb IN SHARE ROW EXCLUSIVE MODE;
