-- Tell the functions of aws_bedrock where the bridge listens now; the password is in the conninfo.
--   psql "$DATABASE_URL" -v conninfo="'host=/run/kb port=5433'" -f sql/bridge/set_endpoint.sql
INSERT INTO embed_bridge.endpoint (conninfo)
VALUES (CAST(:conninfo AS text))
ON CONFLICT (one) DO UPDATE SET conninfo = excluded.conninfo;
