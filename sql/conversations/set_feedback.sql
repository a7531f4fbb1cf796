-- What the reader thought of an answer; a rating of NULL takes the thumb back.
--   psql "$DATABASE_URL" -v turn_id="'00000000-0000-0000-0000-00000000000b'" -v rating="'UP'" -v note="''" -f sql/conversations/set_feedback.sql
UPDATE workbench.turn SET rating = CAST(:rating AS text), note = :note
WHERE turn_id = CAST(:turn_id AS uuid)
RETURNING turn_id;
