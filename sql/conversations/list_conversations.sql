-- Conversations in whose title, questions or answers a text stands, the latest first; all of them for an empty text.
--   psql "$DATABASE_URL" -v search="'it is'" -v row_limit=50 -f sql/conversations/list_conversations.sql
SELECT c.conversation_id, c.title, c.created_at, c.updated_at,
       (SELECT count(*) FROM workbench.turn t WHERE t.conversation_id = c.conversation_id) AS turns
FROM workbench.conversation c
WHERE :search = '' OR position(lower(:search) IN lower(c.title)) > 0
   OR EXISTS (
       SELECT FROM workbench.turn t
       WHERE t.conversation_id = c.conversation_id
         AND (position(lower(:search) IN lower(t.question)) > 0 OR position(lower(:search) IN lower(t.answer)) > 0)
   )
ORDER BY c.updated_at DESC, c.conversation_id
LIMIT :row_limit;
