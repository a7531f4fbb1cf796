-- Add a question to a conversation; a second one that is being answered breaks one_running_turn.
--   psql "$DATABASE_URL" -v conversation_id="'00000000-0000-0000-0000-00000000000a'" -v turn_id="'00000000-0000-0000-0000-00000000000b'" \
--     -v question="'What is it?'" -v configuration="'{}'" -f sql/conversations/add_turn.sql
WITH touched AS (
    UPDATE workbench.conversation SET updated_at = now()
    WHERE conversation_id = CAST(:conversation_id AS uuid)
    RETURNING conversation_id
)
INSERT INTO workbench.turn (turn_id, conversation_id, ordinal, question, configuration)
SELECT CAST(:turn_id AS uuid), conversation_id,
       (SELECT coalesce(max(t.ordinal), 0) + 1 FROM workbench.turn t
        WHERE t.conversation_id = CAST(:conversation_id AS uuid)),
       :question, CAST(:configuration AS json)
FROM touched
RETURNING turn_id, conversation_id, status, question, configuration, evidence, failure, rating, note, created_at;
