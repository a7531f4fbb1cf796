-- A valid HNSW index for cosine distance on an embedding column, if there is one; and whether changes are marked.
--   psql "$DATABASE_URL" -v target="'public.documents'" -v embedding_column="'embedding'" -f sql/table_embedding/find_index.sql
SELECT (SELECT i.indexrelid::regclass::text
        FROM pg_index i
        JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_am m ON m.oid = x.relam AND m.amname = 'hnsw'
        JOIN pg_opclass o ON o.oid = i.indclass[0] AND o.opcname = 'vector_cosine_ops'
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = CAST(:target AS regclass) AND i.indisvalid AND a.attname = :embedding_column
        LIMIT 1)                                                                    AS index,
       EXISTS (SELECT FROM pg_trigger g
               WHERE g.tgrelid = CAST(:target AS regclass)
                 AND g.tgfoid = to_regproc('workbench.forget_embedding')
                 AND g.tgargs = convert_to(CAST(:embedding_column AS text), 'UTF8') || '\x00'::bytea) AS kept_fresh;
