-- A procedure that embeds the rows of any table that lack an embedding, with its tables of jobs and errors.
-- CALL workbench.embed_table(target => 'public.documents', text_column => 'content') as 060_call_embed_table.sql does.
--   psql "$DATABASE_URL" -f sql/aurora_ml/050_embed_table.sql
CREATE SCHEMA IF NOT EXISTS workbench;

CREATE TABLE IF NOT EXISTS workbench.table_embedding_job (
    job_id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target           text        NOT NULL,
    text_column      text        NOT NULL,
    embedding_column text        NOT NULL,
    model_id         text        NOT NULL,
    dimensions       integer     NOT NULL,
    -- The model that really answered: vectors of two models never meet.
    answered_by      text        NOT NULL,
    options          jsonb       NOT NULL DEFAULT '{}',
    status           text        NOT NULL DEFAULT 'STARTING' CHECK (
        status IN ('STARTING', 'IN_PROGRESS', 'COMPLETE', 'FAILED', 'STOPPING', 'STOPPED')),
    stage            text        NOT NULL DEFAULT '',
    rows_total       bigint      NOT NULL DEFAULT 0,
    rows_embedded    bigint      NOT NULL DEFAULT 0,
    rows_failed      bigint      NOT NULL DEFAULT 0,
    failure_reason   text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    updated_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS workbench.table_embedding_error (
    error_id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id           bigint,
    target           text        NOT NULL,
    text_column      text        NOT NULL,
    -- The row's primary key, or its place in the table where there is none.
    row_key          jsonb       NOT NULL,
    attempts         integer     NOT NULL,
    sqlstate         text        NOT NULL,
    message          text        NOT NULL,
    failed_at        timestamptz NOT NULL DEFAULT now()
);

-- Makes a changed text lose its embedding, so that the place run embeds this row and no other.
-- Its arguments: the embedding column.
CREATE OR REPLACE FUNCTION workbench.forget_embedding() RETURNS trigger
LANGUAGE plpgsql AS $trigger$
BEGIN
    RETURN jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], NULL));
END
$trigger$;

-- A row's key as JSON, for the table of errors.
CREATE OR REPLACE FUNCTION workbench.row_key(target regclass, place tid) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $key$
DECLARE
    columns text[];
    found   jsonb;
BEGIN
    SELECT array_agg(a.attname) INTO columns
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = target AND i.indisprimary;
    IF columns IS NOT NULL THEN
        EXECUTE format('SELECT (SELECT jsonb_object_agg(k, to_jsonb(t) -> k) FROM unnest($2) AS k) FROM ONLY %s AS t WHERE t.ctid = $1', target)
            INTO found USING place, columns;
    END IF;
    RETURN coalesce(found, jsonb_build_object('ctid', place::text));
END
$key$;

-- Whether somebody has asked this job to stop.
CREATE OR REPLACE FUNCTION workbench.is_stopping(of_job bigint) RETURNS boolean
LANGUAGE sql STABLE AS $stopping$
    SELECT EXISTS (SELECT FROM workbench.table_embedding_job AS j WHERE j.job_id = of_job AND j.status = 'STOPPING');
$stopping$;

-- batch_size rows are locked, embedded and committed at a time: 1 never blocks anybody for longer than one call.
-- request is the model's body; the row's text goes to the place of text_path in it.
-- Runs in any number of sessions at once. Outside of a transaction, for it commits.
CREATE OR REPLACE PROCEDURE workbench.embed_table(
    target           regclass,
    text_column      name,
    embedding_column name             DEFAULT 'embedding',
    model_id         text             DEFAULT 'amazon.titan-embed-text-v1',
    json_key         text             DEFAULT 'embedding',
    request          jsonb            DEFAULT '{"inputText": ""}',
    text_path        text[]           DEFAULT '{inputText}',
    batch_size       integer          DEFAULT 1,
    pause_seconds    double precision DEFAULT 0,
    row_limit        bigint           DEFAULT NULL,
    max_attempts     integer          DEFAULT 3,
    job_id           bigint           DEFAULT NULL
)
LANGUAGE plpgsql AS $procedure$
DECLARE
    -- Rows whose places are read at once.
    page_rows   CONSTANT integer := 500;
    -- So many failed rows one after the other are not the rows' fault.
    most_in_row CONSTANT integer := 10;
    -- How long a model may be away before the run ends.
    patience    CONSTANT interval := '30 seconds';
    leaf        regclass;
    find        text;
    embed       text;
    after       tid;
    places      tid[];
    batch       tid[];
    failed      tid[];
    place       integer;
    attempts    integer;
    done        bigint;
    in_pass     bigint;
    total       bigint := 0;
    in_row      integer := 0;
    fresh       bigint := 0;
    bad         bigint := 0;
    told_at     timestamptz := clock_timestamp();
    began_at    timestamptz;
    message     text;
    hint        text;
    state       text;
BEGIN
    -- Where a transaction is open this fails, before a model is asked.
    COMMIT;
    IF (target IS NOT NULL AND text_column IS NOT NULL AND embedding_column IS NOT NULL
        AND batch_size BETWEEN 1 AND 1000 AND max_attempts BETWEEN 1 AND 100 AND pause_seconds >= 0) IS NOT TRUE
    THEN
        RAISE EXCEPTION 'target and columns must be given, batch_size be 1 to 1000, max_attempts 1 to 100 and pause_seconds not below 0.'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- The places of a partitioned table's rows are those of its partitions.
    FOR leaf IN
        SELECT t.relid FROM pg_partition_tree(target) AS t WHERE t.isleaf
        UNION ALL
        SELECT target WHERE NOT EXISTS (SELECT FROM pg_partition_tree(target))
    LOOP
        find := format(
            'SELECT array_agg(p.ctid ORDER BY p.ctid) FROM (
                 SELECT ctid FROM ONLY %1$s
                 WHERE ctid > $1 AND %2$I IS NULL AND btrim(%3$I::text) <> '''' AND ctid <> ALL ($2) LIMIT $3) AS p',
            leaf, embedding_column, text_column);
        embed := format(
            'WITH picked AS MATERIALIZED (
                 SELECT ctid, %3$I::text AS content FROM ONLY %1$s
                 WHERE ctid = ANY ($1) AND %2$I IS NULL AND btrim(%3$I::text) <> ''''
                 FOR UPDATE SKIP LOCKED)
             UPDATE ONLY %1$s AS t
             SET %2$I = aws_bedrock.invoke_model_get_embeddings(
                 model_id     := $2,
                 content_type := ''application/json'',
                 json_key     := $3,
                 model_input  := jsonb_set($4, $5, to_jsonb(picked.content))::text)
             FROM picked WHERE t.ctid = picked.ctid',
            leaf, embedding_column, text_column);
        failed := '{}';
        -- Again and again until a pass finds nothing to do: rows may be added or changed meanwhile.
        LOOP
            after := '(0,0)';
            in_pass := 0;
            LOOP
                EXECUTE find INTO places USING after, failed, page_rows;
                -- The first row's transaction is no longer than the others'.
                COMMIT;
                EXIT WHEN places IS NULL;
                after := places[cardinality(places)];
                -- Sessions that begin a page at different rows seldom meet.
                place := 1 + floor(random() * cardinality(places));
                places := places[place:] || places[: place - 1];
                place := 1;
                WHILE place <= cardinality(places) LOOP
                    IF workbench.is_stopping(embed_table.job_id) OR total >= row_limit THEN
                        CALL workbench.record_embedding_progress(embed_table.job_id, fresh, bad);
                        RETURN;
                    END IF;
                    batch := places[place : place + least(batch_size, coalesce(row_limit - total, batch_size)) - 1];
                    attempts := 0;
                    began_at := clock_timestamp();
                    LOOP
                        attempts := attempts + 1;
                        BEGIN
                            EXECUTE embed USING batch, model_id, json_key, request, text_path;
                            GET DIAGNOSTICS done = ROW_COUNT;
                            state := NULL;
                        EXCEPTION WHEN OTHERS THEN
                            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
                            done := 0;
                        END;
                        COMMIT;
                        EXIT WHEN state IS NULL;
                        IF state IN ('KB002', 'KB003', 'KB007', 'KB008', 'KB009') OR state LIKE '42%'
                           OR (state IN ('KB006', 'KB010') AND clock_timestamp() - began_at > patience)
                        THEN
                            -- All other rows would fail as well, or the model is away for too long.
                            CALL workbench.record_embedding_progress(embed_table.job_id, fresh, bad);
                            COMMIT;
                            RAISE EXCEPTION USING MESSAGE = message, ERRCODE = state, HINT = hint;
                        ELSIF state IN ('KB006', 'KB010') THEN
                            -- The model is away or overloaded, which is not the row's fault.
                            EXIT WHEN workbench.is_stopping(embed_table.job_id);
                        ELSIF cardinality(batch) > 1 THEN
                            -- One bad row must not hold the others back.
                            batch := batch[1:1];
                            attempts := 0;
                            CONTINUE;
                        ELSIF attempts >= max_attempts OR state IN ('KB001', '54000') OR state LIKE '22%' THEN
                            EXIT;
                        END IF;
                        PERFORM pg_sleep(least(5, 0.2 * 2 ^ attempts));
                        COMMIT;
                    END LOOP;
                    CONTINUE WHEN state IN ('KB006', 'KB010');
                    place := place + cardinality(batch);
                    total := total + done;
                    in_pass := in_pass + done;
                    fresh := fresh + done;
                    IF state IS NULL THEN
                        in_row := CASE WHEN done > 0 THEN 0 ELSE in_row END;
                    ELSE
                        in_row := in_row + 1;
                        failed := failed || batch;
                        -- Another session of the job may have met the row before.
                        INSERT INTO workbench.table_embedding_error
                            (job_id, target, text_column, row_key, attempts, sqlstate, message)
                        SELECT embed_table.job_id, target::text, embed_table.text_column, k.row_key, attempts, state, message
                        FROM workbench.row_key(leaf, batch[1]) AS k(row_key)
                        WHERE NOT EXISTS (
                            SELECT FROM workbench.table_embedding_error AS e
                            WHERE e.job_id = embed_table.job_id AND e.row_key = k.row_key);
                        GET DIAGNOSTICS done = ROW_COUNT;
                        bad := bad + done;
                        COMMIT;
                    END IF;
                    IF clock_timestamp() - told_at > interval '500 ms' OR in_row >= most_in_row THEN
                        CALL workbench.record_embedding_progress(embed_table.job_id, fresh, bad);
                        COMMIT;
                        fresh := 0;
                        bad := 0;
                        told_at := clock_timestamp();
                    END IF;
                    IF in_row >= most_in_row THEN
                        RAISE EXCEPTION '% rows in a row failed, the last with: %', in_row, message
                            USING ERRCODE = state, HINT = 'Mend the cause and run it again: what is embedded stays.';
                    END IF;
                    IF pause_seconds > 0 THEN
                        PERFORM pg_sleep(pause_seconds);
                        COMMIT;
                    END IF;
                END LOOP;
            END LOOP;
            EXIT WHEN in_pass = 0;
        END LOOP;
    END LOOP;
    CALL workbench.record_embedding_progress(embed_table.job_id, fresh, bad);
END
$procedure$;

CREATE OR REPLACE PROCEDURE workbench.record_embedding_progress(of_job bigint, embedded bigint, failed bigint)
LANGUAGE sql AS $progress$
    UPDATE workbench.table_embedding_job
    SET rows_embedded = rows_embedded + embedded, rows_failed = rows_failed + failed, updated_at = clock_timestamp()
    WHERE job_id = of_job;
$progress$;
