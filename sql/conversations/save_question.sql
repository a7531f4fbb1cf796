-- Put a question into a set; the same question again replaces its answer.
--   psql "$DATABASE_URL" -v question_set="'mine'" -v question="'What is it?'" -v answer="'It.'" -v pages="'{1}'" \
--     -v keywords="'{it}'" -v note="''" -f sql/conversations/save_question.sql
INSERT INTO workbench.saved_question (question_set, question, answer, pages, keywords, note)
VALUES (:question_set, :question, :answer, CAST(:pages AS integer[]), CAST(:keywords AS text[]), :note)
ON CONFLICT (question_set, question) DO UPDATE
SET answer = excluded.answer, pages = excluded.pages, keywords = excluded.keywords, note = excluded.note,
    saved_at = now();
