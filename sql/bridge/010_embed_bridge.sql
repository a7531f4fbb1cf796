-- The way from SQL to the embedding model of the embedded server, for nobody but the functions of aws_bedrock.
-- `python -m kb up` runs it on the server of the data folder and nowhere else.
--   psql "$DATABASE_URL" -f sql/bridge/010_embed_bridge.sql
CREATE SCHEMA IF NOT EXISTS embed_bridge;
REVOKE ALL ON SCHEMA embed_bridge FROM PUBLIC;

CREATE EXTENSION IF NOT EXISTS dblink SCHEMA embed_bridge;

-- Where the bridge listens, its password included; a new one with every start of the bridge.
CREATE TABLE IF NOT EXISTS embed_bridge.endpoint (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    conninfo text    NOT NULL
);
REVOKE ALL ON embed_bridge.endpoint FROM PUBLIC;

-- Folders of before had the deadline here. Asked first, for ALTER TABLE would wait for every open transaction.
DO $former$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute
               WHERE attrelid = 'embed_bridge.endpoint'::regclass AND attname = 'deadline_seconds' AND NOT attisdropped)
    THEN
        ALTER TABLE embed_bridge.endpoint DROP COLUMN deadline_seconds;
    END IF;
END
$former$;

-- One question to the bridge. Sending and receiving are two steps, because dblink()'s own waiting
-- can not be cancelled and this can. The deadline is the bridge's: it answers in time, with an error
-- if need be, and is ended when it is frozen.
CREATE OR REPLACE FUNCTION embed_bridge.request(question text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- dblink tells of a broken connection with a NOTICE, and then with an error.
SET client_min_messages = error
AS $request$
DECLARE
    target   embed_bridge.endpoint;
    link     text;
    was_open boolean;
    answer   text;
BEGIN
    SELECT * INTO target FROM embed_bridge.endpoint;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The embedding model was never started.'
            USING ERRCODE = 'KB006', HINT = 'Run: python -m kb up';
    END IF;
    link := 'embed_' || md5(target.conninfo);
    FOR attempt IN 1..2 LOOP
        was_open := coalesce(link = ANY (embed_bridge.dblink_get_connections()), false);
        BEGIN
            IF NOT was_open THEN
                PERFORM embed_bridge.dblink_connect(link, target.conninfo);
            END IF;
            IF embed_bridge.dblink_send_query(link, question) <> 1 THEN
                RAISE connection_failure;
            END IF;
            SELECT r.answer INTO answer FROM embed_bridge.dblink_get_result(link) AS r(answer text);
            -- The second one takes the end of the result away.
            PERFORM FROM embed_bridge.dblink_get_result(link) AS r(answer text);
            RETURN answer;
        EXCEPTION
            WHEN query_canceled OR OTHERS THEN
                IF link = ANY (embed_bridge.dblink_get_connections()) THEN
                    PERFORM embed_bridge.dblink_disconnect(link);
                END IF;
                IF sqlstate NOT LIKE '08%' THEN
                    RAISE;
                ELSIF NOT was_open OR attempt = 2 THEN
                    RAISE EXCEPTION 'The embedding model is not running.'
                        USING ERRCODE = 'KB006', HINT = 'Run: python -m kb up';
                END IF;
                -- An open connection to a bridge that was started again: once more with a new one.
        END;
    END LOOP;
END
$request$;
REVOKE ALL ON FUNCTION embed_bridge.request(text) FROM PUBLIC;
