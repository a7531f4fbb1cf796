-- Load pgvector into this session. Before that any value of its settings is accepted unchecked
-- and falls back to the default later. LOAD would need a superuser.
--   psql "$DATABASE_URL" -f sql/tuning/load_library.sql
SELECT CAST('[1]' AS vector);
