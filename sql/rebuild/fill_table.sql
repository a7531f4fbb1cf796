-- Fill the table of create_table with the same chunks and their new vectors.
--   psql "$DATABASE_URL" -v model="'local/made-up/384/unit'" -f sql/rebuild/fill_table.sql
INSERT INTO bedrock_integration.bedrock_kb_rebuilt (id, embedding, chunks, metadata, custom_metadata)
SELECT kb.id, v.embedding, kb.chunks, kb.metadata, kb.custom_metadata
FROM bedrock_integration.bedrock_kb kb
LEFT JOIN workbench.chunk c USING (id)
CROSS JOIN LATERAL (
    SELECT e.embedding
    FROM workbench.staged_embedding e
    WHERE e.text_sha256 = coalesce(c.text_sha256, sha256(convert_to(kb.chunks, 'UTF8'))) AND e.model = :model
    LIMIT 1
) v;
