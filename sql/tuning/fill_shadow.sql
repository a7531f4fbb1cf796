-- Copy every vector that an index can hold: a missing one has no cosine distance, nor has a zero.
--   psql "$DATABASE_URL" -f sql/tuning/fill_shadow.sql
INSERT INTO workbench_tuning.shadow (id, embedding)
SELECT id, embedding
FROM bedrock_integration.bedrock_kb
WHERE vector_norm(embedding) > 0;
