-- Vectors that exist for these texts, from published chunks or from an unfinished job.
--   psql "$DATABASE_URL" -v text_sha256="'{}'" -f sql/ingestion/known_embeddings.sql
SELECT DISTINCT ON (text_sha256) text_sha256, embedding
FROM (
    SELECT text_sha256, embedding
    FROM workbench.staged_embedding
    WHERE text_sha256 = ANY (CAST(:text_sha256 AS bytea[]))
    UNION ALL
    SELECT c.text_sha256, kb.embedding
    FROM workbench.chunk c
    JOIN bedrock_integration.bedrock_kb kb USING (id)
    WHERE c.text_sha256 = ANY (CAST(:text_sha256 AS bytea[]))
) known;
