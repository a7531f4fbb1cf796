-- Move some staged chunks, [first, last) by ordinal, into Bedrock's table and the bookkeeping beside it.
--   psql "$DATABASE_URL" -v document_id="'00000000-0000-0000-0000-000000000001'" \
--     -v model="'local/made-up/384/true'" -v first=0 -v last=256 -f sql/ingestion/publish_chunks.sql
WITH slice AS (
    SELECT * FROM workbench.staged_chunk
    WHERE document_id = CAST(:document_id AS uuid) AND ordinal >= :first AND ordinal < :last
), published AS (
    INSERT INTO bedrock_integration.bedrock_kb (id, embedding, chunks, metadata, custom_metadata)
    SELECT s.id, v.embedding, s.text, CAST(s.metadata AS json), s.metadata
    FROM slice s
    CROSS JOIN LATERAL (
        SELECT embedding FROM workbench.staged_embedding e
        WHERE e.text_sha256 = s.text_sha256 AND e.model = :model
        UNION ALL
        SELECT kb.embedding FROM workbench.chunk c JOIN bedrock_integration.bedrock_kb kb USING (id)
        WHERE c.text_sha256 = s.text_sha256
        LIMIT 1
    ) v
    WHERE NOT EXISTS (SELECT FROM bedrock_integration.bedrock_kb kept WHERE kept.id = s.id)
    ORDER BY s.ordinal
)
INSERT INTO workbench.chunk (id, document_id, ordinal, heading_path, tokens, first_page, last_page, page_label,
                             placements, text_sha256, parent, lexemes)
SELECT id, document_id, ordinal, heading_path, tokens, first_page, last_page, page_label, placements, text_sha256, parent,
       to_tsvector('english', array_to_string(heading_path, E'\n') || E'\n' || text) || array_to_tsvector(identifiers)
FROM slice;
