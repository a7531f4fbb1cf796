-- The latest turns of a conversation with their evidence, oldest first; at most row_limit.
--   psql "$DATABASE_URL" -v conversation_id="'00000000-0000-0000-0000-00000000000a'" -v row_limit=10 -f sql/conversations/list_turns.sql
SELECT turn_id, conversation_id, status, question, configuration, evidence, failure, rating, note, created_at
FROM (
    SELECT * FROM workbench.turn
    WHERE conversation_id = CAST(:conversation_id AS uuid)
    ORDER BY ordinal DESC
    LIMIT :row_limit
) latest
ORDER BY ordinal;
