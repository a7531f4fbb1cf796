-- Keep what there is of an answer, while it is written and when it ends; says whether somebody wants it stopped. A turn
-- that has ended stays as it is.
--   psql "$DATABASE_URL" -v turn_id="'00000000-0000-0000-0000-00000000000b'" -v status="'IN_PROGRESS'" -v answer="'It is'" \
--     -v evidence=NULL -v trace=NULL -v failure=NULL -f sql/conversations/save_turn.sql
UPDATE workbench.turn
SET status = :status, answer = :answer, evidence = CAST(:evidence AS json), trace = CAST(:trace AS json),
    failure = CAST(:failure AS text), updated_at = now()
WHERE turn_id = CAST(:turn_id AS uuid) AND status = 'IN_PROGRESS'
RETURNING is_stopping;
