-- Tell the functions of aws_bedrock where the bridge listens now; the password is in the conninfo.
--   psql "$DATABASE_URL" -v conninfo="'host=/run/kb port=5433'" -v deadline_seconds=30 -f sql/bridge/set_endpoint.sql
INSERT INTO embed_bridge.endpoint (conninfo, deadline_seconds)
VALUES (CAST(:conninfo AS text), CAST(:deadline_seconds AS double precision))
ON CONFLICT (one) DO UPDATE SET conninfo = excluded.conninfo, deadline_seconds = excluded.deadline_seconds;
