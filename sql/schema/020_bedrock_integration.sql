-- Schema and role through which a Bedrock knowledge base reaches the table. Run as the same user as 010.
--   psql "$DATABASE_URL" -f sql/schema/020_bedrock_integration.sql
-- The role gets no password here; where passwords are used, set one afterwards with \password bedrock_user
CREATE SCHEMA IF NOT EXISTS bedrock_integration;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bedrock_user') THEN
        CREATE ROLE bedrock_user LOGIN;
    END IF;
    -- To hand tables to the role one must be able to become it. From PostgreSQL 16 on its creator is a
    -- member and may grant that, but does not have it.
    IF NOT pg_has_role(current_user, 'bedrock_user',
                       CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END)
    THEN
        GRANT bedrock_user TO CURRENT_USER;
    END IF;
EXCEPTION
    -- Two databases of one server prepared at once: roles are shared, the other has made it.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

GRANT ALL ON SCHEMA bedrock_integration TO bedrock_user;
