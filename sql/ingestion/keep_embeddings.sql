-- Keep the vectors of a document's chunks that are about to leave: another document of the job may have the same text.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -v model="'local/made-up/384/true'" -f sql/ingestion/keep_embeddings.sql
INSERT INTO workbench.staged_embedding (text_sha256, model, embedding)
SELECT DISTINCT ON (c.text_sha256) c.text_sha256, :model, kb.embedding
FROM workbench.chunk c
JOIN bedrock_integration.bedrock_kb kb USING (id)
WHERE c.document_id = CAST(:document_id AS uuid)
  AND NOT EXISTS (SELECT FROM workbench.staged_chunk s WHERE s.id = c.id)
  AND NOT EXISTS (
      SELECT FROM workbench.staged_embedding e WHERE e.text_sha256 = c.text_sha256 AND e.model = :model
  );
