-- The chunks nearest to a query embedding, by cosine distance; here those nearest to some chunk.
--   psql "$DATABASE_URL" -v number_of_results=5 \
--     -v query_embedding="(SELECT embedding FROM bedrock_integration.bedrock_kb LIMIT 1)" \
--     -f sql/queries/retrieve_semantic.sql
-- Bedrock's own tables have no rows in workbench.chunk; pages and headings are then empty.
SELECT kb.id, kb.chunks, kb.metadata, kb.custom_metadata, 1 - kb.distance AS score, 1 - kb.distance AS similarity,
       c.document_id, c.parent, p.text AS parent_text,
       coalesce(p.heading_path, c.heading_path) AS heading_path, coalesce(p.first_page, c.first_page) AS first_page,
       coalesce(p.last_page, c.last_page) AS last_page, coalesce(p.page_label, c.page_label) AS page_label
FROM (
    SELECT id, chunks, metadata, custom_metadata, embedding <=> CAST(:query_embedding AS vector) AS distance
    FROM bedrock_integration.bedrock_kb
    ORDER BY embedding <=> CAST(:query_embedding AS vector)
    LIMIT :number_of_results
) kb
LEFT JOIN workbench.chunk c USING (id)
LEFT JOIN workbench.parent_chunk p ON p.document_id = c.document_id AND p.ordinal = c.parent
ORDER BY kb.distance, kb.id;
