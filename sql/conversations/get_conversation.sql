-- One conversation with the number of its turns.
--   psql "$DATABASE_URL" -v conversation_id="'00000000-0000-0000-0000-00000000000a'" -f sql/conversations/get_conversation.sql
SELECT c.conversation_id, c.title, c.created_at, c.updated_at,
       (SELECT count(*) FROM workbench.turn t WHERE t.conversation_id = c.conversation_id) AS turns
FROM workbench.conversation c
WHERE c.conversation_id = CAST(:conversation_id AS uuid);
