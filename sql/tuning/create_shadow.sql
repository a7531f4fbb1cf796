-- An empty copy of the vector column with its declared dimensions. UNLOGGED: a crash may lose it.
-- Autovacuum would disturb the timings; the sweep analyzes the copy itself.
--   psql "$DATABASE_URL" -f sql/tuning/create_shadow.sql
CREATE UNLOGGED TABLE workbench_tuning.shadow WITH (autovacuum_enabled = false) AS
SELECT id, embedding
FROM bedrock_integration.bedrock_kb
WITH NO DATA;
