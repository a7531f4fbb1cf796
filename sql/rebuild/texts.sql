-- Texts of the knowledge base that have no vector of another model yet; rows that Bedrock filled have no bookkeeping.
--   psql "$DATABASE_URL" -v model="'local/made-up/384/unit'" -v row_limit=64 -f sql/rebuild/texts.sql
SELECT text.text_sha256, kb.chunks AS text, c.heading_path, coalesce(d.embedding_prefix, '') AS embedding_prefix
FROM bedrock_integration.bedrock_kb kb
LEFT JOIN workbench.chunk c USING (id)
LEFT JOIN workbench.document d USING (document_id)
CROSS JOIN LATERAL (
    SELECT coalesce(c.text_sha256, sha256(convert_to(kb.chunks, 'UTF8'))) AS text_sha256
) text
WHERE NOT EXISTS (
    SELECT FROM workbench.staged_embedding e WHERE e.text_sha256 = text.text_sha256 AND e.model = :model
)
LIMIT :row_limit;
