-- Question sets with the number of their questions.
--   psql "$DATABASE_URL" -f sql/conversations/list_question_sets.sql
SELECT question_set, count(*) AS questions
FROM workbench.saved_question
GROUP BY question_set
ORDER BY question_set COLLATE "C";
