-- The walk-through's clean-up in the database: Aurora ML and the table of documents. Other embeddings stay.
--   psql "$DATABASE_URL" -f sql/aurora_ml/090_remove.sql
DROP TABLE IF EXISTS documents;
DROP EXTENSION IF EXISTS aws_ml CASCADE;
