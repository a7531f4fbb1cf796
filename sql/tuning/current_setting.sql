-- Read a setting back; the only proof that it took.
--   psql "$DATABASE_URL" -v name="'maintenance_work_mem'" -f sql/tuning/current_setting.sql
SELECT current_setting(:name) AS value;
