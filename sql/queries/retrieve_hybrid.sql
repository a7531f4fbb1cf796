-- Reciprocal rank fusion of the nearest chunks and of those that BM25 finds.
--   psql "$DATABASE_URL" -v question="'What is pg_stat_io?'" -v identifiers="'{pg_stat_io}'" -v number_of_results=5 \
--     -v candidates=60 -v is_filtered=false -v filter=NULL -v place_filter=NULL -v wide_filter=NULL -v exact_below=1000 \
--     -v query_embedding="(SELECT embedding FROM bedrock_integration.bedrock_kb LIMIT 1)" \
--     -f sql/queries/retrieve_hybrid.sql
-- A term counts as much as it is rare: ln(1 + (chunks - df + 0.5) / (df + 0.5)), BM25's inverse document frequency. Of the
-- chunks with the largest sums the occurrences are counted, too: Okapi BM25 with k1 = 1.2 and b = 0.75 over tokens.
-- An identifier that the chunks know, or the one most like it, counts whole; its pieces, such as pg and stat, would bring
-- chunks about anything.
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
identifier AS (
    SELECT DISTINCT coalesce(known.name, nearest.name) AS lexeme
    FROM unnest(CAST(:identifiers AS text[])) AS given
    LEFT JOIN workbench.identifier known ON known.name = given
    LEFT JOIN LATERAL (
        SELECT name FROM workbench.identifier
        WHERE known.name IS NULL AND name % given
        ORDER BY similarity(name, given) DESC, name
        LIMIT 1
    ) nearest ON true
    WHERE coalesce(known.name, nearest.name) IS NOT NULL
),
asked AS (
    SELECT lexeme FROM identifier
    UNION
    (
        SELECT unnest(tsvector_to_array(to_tsvector('english', :question)))
        EXCEPT
        SELECT unnest(tsvector_to_array(to_tsvector('english', lexeme))) FROM identifier
    )
),
term AS MATERIALIZED (
    SELECT lexeme, query, ln(CAST(1 + (total.n - df.n + 0.5) / (df.n + 0.5) AS float8)) AS weight, df.n > 0 AS is_known,
           total.tokens
    FROM asked
    CROSS JOIN (SELECT count(*) AS n, CAST(avg(tokens) AS float8) AS tokens FROM workbench.chunk) AS total
    CROSS JOIN LATERAL (SELECT CAST(CAST(array_to_tsvector(ARRAY[lexeme]) AS text) AS tsquery) AS query) AS made
    CROSS JOIN LATERAL (SELECT count(*) AS n FROM workbench.chunk c WHERE c.lexemes @@ made.query) AS df
),
matching AS (
    SELECT c.id
    FROM term
    JOIN workbench.chunk c ON c.lexemes @@ term.query
    WHERE term.is_known AND CASE WHEN NOT CAST(:is_filtered AS boolean) THEN true
               WHEN (SELECT count(*) FROM few) <= :exact_below THEN c.id IN (SELECT id FROM few)
               ELSE EXISTS (SELECT FROM eligible WHERE eligible.id = c.id) END
    GROUP BY c.id
    ORDER BY sum(term.weight) DESC, min(c.tokens), c.id
    LIMIT 2 * :candidates
),
lexical AS (
    SELECT matching.id, row_number() OVER (
        ORDER BY sum(term.weight * 2.2 * held.n / (held.n + 1.2 * (0.25 + 0.75 * held.tokens / term.tokens))) DESC, matching.id
    ) AS place
    FROM matching
    CROSS JOIN LATERAL (
        -- Identifiers have no positions.
        SELECT l.lexeme, CAST(coalesce(array_length(l.positions, 1), 1) AS float8) AS n, c.tokens
        FROM workbench.chunk c
        CROSS JOIN LATERAL unnest(c.lexemes) AS l (lexeme, positions, weights)
        WHERE c.id = matching.id AND l.lexeme IN (SELECT lexeme FROM term)
        -- Without this the whole table may be joined first.
        OFFSET 0
    ) AS held
    JOIN term ON term.lexeme = held.lexeme
    GROUP BY matching.id
    ORDER BY place
    LIMIT :candidates
),
semantic AS (
    SELECT id, row_number() OVER (ORDER BY distance, id) AS place
    FROM (
        (
            SELECT id, embedding <=> CAST(:query_embedding AS vector) AS distance
            FROM eligible
            WHERE NOT CAST(:is_filtered AS boolean) OR (SELECT count(*) FROM few) > :exact_below
            ORDER BY embedding <=> CAST(:query_embedding AS vector)
            LIMIT :candidates
        )
        UNION ALL
        (
            SELECT id, embedding <=> CAST(:query_embedding AS vector) AS distance
            FROM few
            WHERE (SELECT count(*) FROM few) <= :exact_below
            ORDER BY distance
            LIMIT :candidates
        )
    ) nearest
),
fused AS (
    SELECT id, coalesce(1.0 / (60 + semantic.place), 0) + coalesce(1.0 / (60 + lexical.place), 0) AS score,
           semantic.place AS semantic, lexical.place AS lexical
    FROM semantic
    FULL JOIN lexical USING (id)
    ORDER BY score DESC, id
    LIMIT :number_of_results
)
SELECT kb.id, kb.chunks, kb.metadata, kb.custom_metadata, CAST(fused.score AS float8) AS score,
       1 - (kb.embedding <=> CAST(:query_embedding AS vector)) AS similarity,
       fused.semantic, fused.lexical, (
           SELECT sum(weight) FILTER (WHERE c.lexemes @@ term.query) / sum(weight) FROM term
       ) AS coverage,
       c.document_id, c.ordinal, c.parent, p.text AS parent_text,
       coalesce(p.heading_path, c.heading_path) AS heading_path, coalesce(p.first_page, c.first_page) AS first_page,
       coalesce(p.last_page, c.last_page) AS last_page, coalesce(p.page_label, c.page_label) AS page_label
FROM fused
JOIN bedrock_integration.bedrock_kb kb USING (id)
LEFT JOIN workbench.chunk c USING (id)
LEFT JOIN workbench.parent_chunk p ON p.document_id = c.document_id AND p.ordinal = c.parent
ORDER BY fused.score DESC, kb.id;
