-- Begin a conversation; its first turn comes in the same transaction.
--   psql "$DATABASE_URL" -v conversation_id="'00000000-0000-0000-0000-00000000000a'" -v title="'What is it?'" \
--     -f sql/conversations/create_conversation.sql
INSERT INTO workbench.conversation (conversation_id, title)
VALUES (CAST(:conversation_id AS uuid), :title);
