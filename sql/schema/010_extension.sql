-- pgvector itself; 0.8 or newer is needed. Run as a superuser (rds_superuser on Aurora).
--   psql "$DATABASE_URL" -f sql/schema/010_extension.sql
CREATE EXTENSION IF NOT EXISTS vector;
