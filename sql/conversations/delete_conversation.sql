-- Delete a conversation with its turns; nothing happens when it has gone.
--   psql "$DATABASE_URL" -v conversation_id="'00000000-0000-0000-0000-00000000000a'" -f sql/conversations/delete_conversation.sql
DELETE FROM workbench.conversation WHERE conversation_id = CAST(:conversation_id AS uuid);
