-- Bring the metadata of chunks that stay up to date, such as their page.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -f sql/ingestion/update_kept_chunks.sql
UPDATE bedrock_integration.bedrock_kb kb
SET metadata = CAST(s.metadata AS json), custom_metadata = s.metadata
FROM workbench.staged_chunk s
WHERE s.document_id = CAST(:document_id AS uuid) AND kb.id = s.id AND kb.custom_metadata IS DISTINCT FROM s.metadata;
