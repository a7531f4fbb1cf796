-- The questions of a set, in the order in which they were saved.
--   psql "$DATABASE_URL" -v question_set="'mine'" -f sql/conversations/list_questions.sql
SELECT question, answer, pages, keywords, note
FROM workbench.saved_question
WHERE question_set = :question_set
ORDER BY saved_at, question COLLATE "C";
