-- End the answers of a conversation that nobody writes any more; what was written is kept.
--   psql "$DATABASE_URL" -v conversation_id="'00000000-0000-0000-0000-00000000000a'" -v silent_seconds=20 -v failure="'The app ended.'" \
--     -f sql/conversations/abandon_turns.sql
UPDATE workbench.turn SET status = 'STOPPED', failure = :failure, updated_at = now()
WHERE conversation_id = CAST(:conversation_id AS uuid) AND status = 'IN_PROGRESS'
  AND updated_at < now() - make_interval(secs => :silent_seconds);
