-- Keep vectors of texts whose document is not published yet.
--   psql "$DATABASE_URL" -v text_sha256="'{}'" -v embeddings="'{}'" -f sql/ingestion/stage_embeddings.sql
INSERT INTO workbench.staged_embedding (text_sha256, embedding)
SELECT * FROM unnest(CAST(:text_sha256 AS bytea[]), CAST(:embeddings AS vector[]))
ON CONFLICT (text_sha256) DO NOTHING;
