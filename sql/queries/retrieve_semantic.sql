-- The chunks nearest to a query embedding, by cosine distance; here those nearest to some chunk.
--   psql "$DATABASE_URL" -v number_of_results=5 -v is_filtered=false -v filter=NULL -v place_filter=NULL -v wide_filter=NULL -v exact_below=1000 \
--     -v query_embedding="(SELECT embedding FROM bedrock_integration.bedrock_kb LIMIT 1)" \
--     -f sql/queries/retrieve_semantic.sql
-- Bedrock's own tables have no rows in workbench.chunk; pages and headings are then empty.
-- A filter that lets few chunks through is answered exactly, without the index; see docs/filters.md.
WITH eligible AS NOT MATERIALIZED (
    SELECT kb.id, kb.embedding
    FROM bedrock_integration.bedrock_kb kb
    WHERE (CAST(:filter AS jsonpath) IS NULL OR kb.custom_metadata @@ CAST(:filter AS jsonpath))
      AND (CAST(:place_filter AS jsonpath) IS NULL OR kb.id IN (
          SELECT id FROM workbench.chunk
          WHERE jsonb_build_object('x-workbench-heading-path', heading_path, 'x-workbench-last-page-number', last_page)
                @@ CAST(:place_filter AS jsonpath)
      ))
      AND (CAST(:wide_filter AS jsonpath) IS NULL
           OR workbench.attributes(kb.id, kb.metadata, kb.custom_metadata) @@ CAST(:wide_filter AS jsonpath))
),
few AS MATERIALIZED (
    SELECT id, embedding FROM eligible WHERE CAST(:is_filtered AS boolean) LIMIT :exact_below + 1
),
nearest AS (
    (
        SELECT id, embedding <=> CAST(:query_embedding AS vector) AS distance
        FROM eligible
        WHERE NOT CAST(:is_filtered AS boolean) OR (SELECT count(*) FROM few) > :exact_below
        ORDER BY embedding <=> CAST(:query_embedding AS vector)
        LIMIT :number_of_results
    )
    UNION ALL
    (
        SELECT id, embedding <=> CAST(:query_embedding AS vector) AS distance
        FROM few
        WHERE (SELECT count(*) FROM few) <= :exact_below
        ORDER BY distance
        LIMIT :number_of_results
    )
)
SELECT kb.id, kb.chunks, kb.metadata, kb.custom_metadata, 1 - nearest.distance AS score, 1 - nearest.distance AS similarity,
       row_number() OVER (ORDER BY nearest.distance, kb.id) AS semantic, CAST(NULL AS bigint) AS lexical,
       CAST(NULL AS float8) AS coverage, c.document_id, c.ordinal, c.parent, p.text AS parent_text,
       coalesce(p.heading_path, c.heading_path) AS heading_path, coalesce(p.first_page, c.first_page) AS first_page,
       coalesce(p.last_page, c.last_page) AS last_page, coalesce(p.page_label, c.page_label) AS page_label
FROM nearest
JOIN bedrock_integration.bedrock_kb kb USING (id)
LEFT JOIN workbench.chunk c USING (id)
LEFT JOIN workbench.parent_chunk p ON p.document_id = c.document_id AND p.ordinal = c.parent
ORDER BY nearest.distance, kb.id;
