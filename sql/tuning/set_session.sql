-- Set a setting until the end of the session.
--   psql "$DATABASE_URL" -v name="'maintenance_work_mem'" -v value="'262144kB'" -f sql/tuning/set_session.sql
SELECT set_config(:name, :value, false);
