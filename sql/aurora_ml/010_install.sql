-- Aurora ML and pgvector, and what is installed then. On Aurora as rds_superuser; aws_ml 2.0 or newer calls Bedrock.
--   psql "$DATABASE_URL" -f sql/aurora_ml/010_install.sql
CREATE EXTENSION IF NOT EXISTS aws_ml CASCADE;
CREATE EXTENSION IF NOT EXISTS vector;

SELECT extname, extversion FROM pg_extension WHERE extname IN ('aws_ml', 'vector') ORDER BY extname;
