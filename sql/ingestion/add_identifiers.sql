-- Remember names that chunks hold. Sorted, and in a transaction of its own, so that two workers never wait for each other.
--   psql "$DATABASE_URL" -v names="'{pg_stat_io}'" -f sql/ingestion/add_identifiers.sql
INSERT INTO workbench.identifier (name)
SELECT DISTINCT name
FROM unnest(CAST(:names AS text[])) AS name
ORDER BY name
ON CONFLICT DO NOTHING;
