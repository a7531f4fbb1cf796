-- Give a conversation another title.
--   psql "$DATABASE_URL" -v conversation_id="'00000000-0000-0000-0000-00000000000a'" -v title="'Another'" \
--     -f sql/conversations/rename_conversation.sql
UPDATE workbench.conversation SET title = :title
WHERE conversation_id = CAST(:conversation_id AS uuid)
RETURNING conversation_id;
