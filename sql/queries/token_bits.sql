-- Token vectors of some chunks; chunks that were embedded without them are left out.
--   psql "$DATABASE_URL" -v ids="'{}'" -v model="'local/made-up/384/unit'" -f sql/queries/token_bits.sql
SELECT c.id, t.bits
FROM unnest(CAST(:ids AS uuid[])) AS wanted (id)
JOIN workbench.chunk c USING (id)
CROSS JOIN LATERAL (
    SELECT bits FROM workbench.token_bits WHERE text_sha256 = c.text_sha256 AND model = :model LIMIT 1
) t;
