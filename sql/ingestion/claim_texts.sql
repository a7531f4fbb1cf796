-- Claim texts for embedding; returns those that no living attempt has claimed before.
--   psql "$DATABASE_URL" -v attempt="'00000000-0000-0000-0000-00000000000a'" \
--     -v model="'local/made-up/384/true'" -v text_sha256="'{}'" -f sql/ingestion/claim_texts.sql
INSERT INTO workbench.embedding_claim AS claim (text_sha256, model, attempt)
SELECT text_sha256, :model, CAST(:attempt AS uuid)
FROM unnest(CAST(:text_sha256 AS bytea[])) AS text_sha256
ORDER BY text_sha256
ON CONFLICT (text_sha256, model) DO UPDATE SET attempt = excluded.attempt
WHERE claim.attempt = excluded.attempt OR NOT EXISTS (
    SELECT FROM workbench.ingestion_document w WHERE w.attempt = claim.attempt AND w.status = 'IN_PROGRESS'
)
RETURNING text_sha256;
