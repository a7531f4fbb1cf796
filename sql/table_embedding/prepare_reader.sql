-- The role for read-only statements: it may read every table but the bridge's password, and embed. Runs again after new tables.
--   psql "$DATABASE_URL" -f sql/table_embedding/prepare_reader.sql
DO $prepare$
DECLARE
    space text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'workbench_reader') THEN
        BEGIN
            CREATE ROLE workbench_reader LOGIN NOINHERIT;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    -- Two at once would meet in the same catalogue rows.
    PERFORM pg_advisory_xact_lock(5150006);
    FOR space IN
        SELECT nspname FROM pg_namespace
        WHERE nspname !~ '^(pg_|information_schema$|embed_bridge$|workbench_queue$)'
          AND has_schema_privilege(oid, 'USAGE WITH GRANT OPTION')
    LOOP
        IF NOT has_schema_privilege('workbench_reader', space, 'USAGE') THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO workbench_reader', space);
        END IF;
        IF EXISTS (SELECT FROM pg_class c
                   WHERE c.relnamespace = to_regnamespace(quote_ident(space)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                     AND NOT has_table_privilege('workbench_reader', c.oid, 'SELECT')
                     AND has_table_privilege(c.oid, 'SELECT WITH GRANT OPTION'))
        THEN
            EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO workbench_reader', space);
        END IF;
        IF space = 'aws_bedrock' THEN
            GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_bedrock TO workbench_reader;
        END IF;
    END LOOP;
END
$prepare$;
