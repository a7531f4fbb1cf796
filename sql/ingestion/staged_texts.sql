-- The next staged chunks of a document; the text only where there is no vector of it yet.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -v model="'local/made-up/384/true'" -v with_token_bits=false -v after=-1 -v row_limit=64 -f sql/ingestion/staged_texts.sql
SELECT s.ordinal, s.text_sha256,
       CASE WHEN known.is_known THEN NULL ELSE s.text END         AS text,
       CASE WHEN known.is_known THEN NULL ELSE s.heading_path END AS heading_path,
       known.is_known
FROM workbench.staged_chunk s
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM workbench.staged_embedding e WHERE e.text_sha256 = s.text_sha256 AND e.model = :model
    ) OR EXISTS (
        SELECT FROM workbench.chunk c JOIN bedrock_integration.bedrock_kb kb USING (id)
        WHERE c.text_sha256 = s.text_sha256
          AND (NOT CAST(:with_token_bits AS boolean) OR EXISTS (
              SELECT FROM workbench.token_bits t WHERE t.text_sha256 = s.text_sha256 AND t.model = :model
          ))
    ) AS is_known
) known
WHERE s.document_id = CAST(:document_id AS uuid) AND s.ordinal > :after
ORDER BY s.ordinal
LIMIT :row_limit;
