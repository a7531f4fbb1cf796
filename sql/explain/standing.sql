-- How some chunks stand to a question: which of them the filter lets through, and of those the nearest with its place among
-- all that it lets through, counted without an index.
--   psql "$DATABASE_URL" -v chunk_ids="'{}'" -v filter=NULL -v place_filter=NULL -v wide_filter=NULL \
--     -v query_embedding="(SELECT embedding FROM bedrock_integration.bedrock_kb LIMIT 1)" \
--     -f sql/explain/standing.sql
-- The filter is that of sql/queries/retrieve_semantic.sql.
WITH eligible AS NOT MATERIALIZED (
    SELECT kb.id, kb.embedding <=> CAST(:query_embedding AS vector) AS distance
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
own AS MATERIALIZED (
    SELECT id, distance, count(*) OVER () AS chunks
    FROM eligible
    WHERE id = ANY (CAST(:chunk_ids AS uuid[]))
    ORDER BY distance
    LIMIT 1
)
SELECT own.id, own.chunks, 1 - own.distance AS similarity,
       (SELECT count(*) + 1 FROM eligible WHERE distance < own.distance) AS rank,
       (SELECT count(*) FROM eligible) AS of_chunks
FROM own;
