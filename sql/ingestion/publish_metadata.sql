-- Give all chunks of a document new attributes; Bedrock's reserved keys stay.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" -v attributes="'{}'" \
--     -v metadata_etag=NULL -f sql/ingestion/publish_metadata.sql
WITH changed AS (
    UPDATE bedrock_integration.bedrock_kb kb
    SET metadata = CAST(own.metadata AS json), custom_metadata = own.metadata
    FROM workbench.chunk c
    JOIN bedrock_integration.bedrock_kb old USING (id)
    CROSS JOIN LATERAL (
        SELECT CAST(:attributes AS jsonb) || coalesce(jsonb_object_agg(name, value), '{}') AS metadata
        FROM jsonb_each(old.custom_metadata) AS pair (name, value)
        WHERE name LIKE 'x-amz-bedrock-%'
    ) own
    WHERE kb.id = c.id AND c.document_id = CAST(:document_id AS uuid)
)
UPDATE workbench.document
SET metadata_etag = CAST(:metadata_etag AS text), status = 'INDEXED', status_reason = NULL, updated_at = now()
WHERE document_id = CAST(:document_id AS uuid);
