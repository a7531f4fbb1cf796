-- Whether the indexes that Bedrock asks for are there and valid.
--   psql "$DATABASE_URL" -f sql/check/indexes.sql
WITH facts AS (
    SELECT to_regclass('bedrock_integration.bedrock_kb') AS table_id
), wanted (place, name, method, key, mend) AS (
    VALUES (1, 'HNSW index on the vectors', 'hnsw', '%embedding%',
            'CREATE INDEX ON bedrock_integration.bedrock_kb USING hnsw (embedding vector_cosine_ops) WITH (ef_construction = 256);'),
           (2, 'GIN index on the words of the chunks', 'gin', 'to_tsvector(%chunks)',
            'CREATE INDEX ON bedrock_integration.bedrock_kb USING gin (to_tsvector(''simple'', chunks));'),
           (3, 'GIN index on the metadata', 'gin', 'custom_metadata',
            'CREATE INDEX ON bedrock_integration.bedrock_kb USING gin (custom_metadata);')
), there AS (
    SELECT w.place,
           string_agg(format('%s', CAST(c.oid AS regclass)), ', ') FILTER (WHERE i.indisvalid)     AS valid,
           string_agg(format('%s', CAST(c.oid AS regclass)), ', ') FILTER (WHERE NOT i.indisvalid) AS invalid,
           min(format('%s', CAST(c.oid AS regclass))) FILTER (WHERE NOT i.indisvalid)              AS to_mend
    FROM wanted w
    CROSS JOIN facts
    JOIN pg_index i ON i.indrelid = table_id AND pg_get_indexdef(i.indexrelid, 1, true) LIKE w.key
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am am ON am.oid = c.relam AND am.amname = w.method
    GROUP BY w.place
)
SELECT w.name,
       t.valid IS NOT NULL                                        AS ok,
       coalesce(t.valid, t.invalid || ' is not valid', 'missing') AS found,
       CASE WHEN t.valid IS NOT NULL THEN ''
            WHEN t.to_mend IS NOT NULL THEN format('REINDEX INDEX %s;', t.to_mend)
            ELSE w.mend
       END                                                        AS mend
FROM facts
CROSS JOIN wanted w
LEFT JOIN there t USING (place)
WHERE table_id IS NOT NULL
ORDER BY place;
