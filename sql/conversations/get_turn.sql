-- One turn with its evidence.
--   psql "$DATABASE_URL" -v turn_id="'00000000-0000-0000-0000-00000000000b'" -f sql/conversations/get_turn.sql
SELECT turn_id, conversation_id, status, question, configuration, evidence, failure, rating, note, created_at
FROM workbench.turn
WHERE turn_id = CAST(:turn_id AS uuid);
