-- Ask whoever answers a question to stop.
--   psql "$DATABASE_URL" -v turn_id="'00000000-0000-0000-0000-00000000000b'" -f sql/conversations/stop_turn.sql
UPDATE workbench.turn SET is_stopping = true
WHERE turn_id = CAST(:turn_id AS uuid) AND status = 'IN_PROGRESS';
