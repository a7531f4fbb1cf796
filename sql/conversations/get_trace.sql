-- The prompt and the candidates of a turn.
--   psql "$DATABASE_URL" -v turn_id="'00000000-0000-0000-0000-00000000000b'" -f sql/conversations/get_trace.sql
SELECT trace FROM workbench.turn WHERE turn_id = CAST(:turn_id AS uuid);
