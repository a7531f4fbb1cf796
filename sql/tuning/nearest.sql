-- The vectors of the copy nearest to a question: the query that a sweep measures.
--   psql "$DATABASE_URL" -v question="'[0.1, 0.2]'" -v k=10 -f sql/tuning/nearest.sql
SELECT id, embedding <=> CAST(:question AS vector) AS distance
FROM workbench_tuning.shadow
ORDER BY embedding <=> CAST(:question AS vector)
LIMIT :k;
