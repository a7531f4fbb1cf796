-- Claim the one sweep that a database may run; the claim ends with the session.
--   psql "$DATABASE_URL" -f sql/tuning/take_lock.sql
SELECT pg_try_advisory_lock(hashtext('workbench_tuning')) AS taken;
