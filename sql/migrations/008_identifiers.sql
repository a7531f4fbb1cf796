-- The names that chunks hold, such as pg_stat_io, so that one that is typed wrong finds the nearest.
--   psql "$DATABASE_URL" -f sql/migrations/008_identifiers.sql
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Names of documents that are gone stay; no chunk holds them, so they find nothing.
CREATE TABLE workbench.identifier (
    name text PRIMARY KEY
);

-- Identifiers stand among the lexemes without positions.
INSERT INTO workbench.identifier (name)
SELECT DISTINCT l.lexeme
FROM workbench.chunk c
CROSS JOIN LATERAL unnest(c.lexemes) AS l (lexeme, positions, weights)
WHERE l.positions IS NULL;

CREATE INDEX identifier_name_idx ON workbench.identifier USING gin (name gin_trgm_ops);
