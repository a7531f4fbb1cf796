-- Removes Bedrock's table with all chunks, its schema, and the role unless another database still needs it.
--   psql "$DATABASE_URL" -f sql/cleanup/020_bedrock_integration.sql
DROP SCHEMA IF EXISTS bedrock_integration CASCADE;

DO $$
DECLARE
    unneeded text;
BEGIN
    FOR unneeded IN SELECT rolname FROM pg_roles WHERE rolname IN ('bedrock_user', 'workbench_reader') LOOP
        BEGIN
            EXECUTE format('DROP OWNED BY %I', unneeded);
            EXECUTE format('DROP ROLE %I', unneeded);
        EXCEPTION
            WHEN dependent_objects_still_exist OR insufficient_privilege THEN
                RAISE NOTICE 'The role % stays: % ', unneeded, SQLERRM;
        END;
    END LOOP;
END
$$;
