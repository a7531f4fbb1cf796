-- Claim texts for embedding; returns those that have no vector yet and that no living attempt has claimed before.
--   psql "$DATABASE_URL" -v attempt="'00000000-0000-0000-0000-00000000000a'" \
--     -v model="'local/made-up/384/unit'" -v with_token_bits=false -v text_sha256="'{}'" -f sql/ingestion/claim_texts.sql
INSERT INTO workbench.embedding_claim AS claim (text_sha256, model, attempt)
SELECT wanted.text_sha256, :model, CAST(:attempt AS uuid)
FROM unnest(CAST(:text_sha256 AS bytea[])) AS wanted (text_sha256)
-- Whoever had claimed it may have finished between our look at the text and this.
WHERE NOT EXISTS (
    SELECT FROM workbench.staged_embedding e WHERE e.text_sha256 = wanted.text_sha256 AND e.model = :model
) AND NOT EXISTS (
    SELECT FROM workbench.chunk c JOIN bedrock_integration.bedrock_kb kb USING (id)
    WHERE c.text_sha256 = wanted.text_sha256
      AND (NOT CAST(:with_token_bits AS boolean) OR EXISTS (
          SELECT FROM workbench.token_bits t WHERE t.text_sha256 = wanted.text_sha256 AND t.model = :model
      ))
)
ORDER BY wanted.text_sha256
ON CONFLICT (text_sha256, model) DO UPDATE SET attempt = excluded.attempt
WHERE claim.attempt = excluded.attempt OR NOT EXISTS (
    SELECT FROM workbench.ingestion_document w
    WHERE w.attempt = claim.attempt AND w.status = 'IN_PROGRESS'
      -- Its worker may have died, and nobody work for its data source any more.
      AND w.updated_at > now() - interval '1 minute'
)
RETURNING text_sha256;
