-- Whether Bedrock's table is there with its columns, owner and rights; `dimensions` is the embedding model's.
--   psql "$DATABASE_URL" -v dimensions=384 -f sql/check/table.sql
WITH facts AS (
    SELECT to_regclass('bedrock_integration.bedrock_kb') AS table_id
), wanted (place, column_name, type_name) AS (
    VALUES (1, 'id', 'uuid'),
           (2, 'embedding', format('vector(%s)', CAST(:dimensions AS integer))),
           (3, 'chunks', 'text'),
           (4, 'metadata', 'json'),
           (5, 'custom_metadata', 'jsonb')
), columns AS (
    SELECT w.*, format_type(a.atttypid, a.atttypmod) AS found
    FROM facts
    CROSS JOIN wanted w
    LEFT JOIN pg_attribute a ON a.attrelid = table_id AND a.attname = w.column_name AND NOT a.attisdropped
    WHERE table_id IS NOT NULL
), checks AS (
    SELECT 0 AS place,
           'Table bedrock_integration.bedrock_kb' AS name,
           table_id IS NOT NULL AS ok,
           CASE WHEN table_id IS NULL THEN 'missing' ELSE 'yes' END AS found,
           format('CREATE TABLE bedrock_integration.bedrock_kb (id uuid PRIMARY KEY, embedding vector(%s), '
                  'chunks text, metadata json, custom_metadata jsonb);', CAST(:dimensions AS integer)) AS mend
    FROM facts
    UNION ALL
    SELECT place,
           format('Column %I %s', column_name, type_name),
           coalesce(found = type_name OR (column_name = 'metadata' AND found = 'jsonb'), false),
           coalesce(found, 'missing'),
           CASE WHEN found IS NULL
                THEN format('ALTER TABLE bedrock_integration.bedrock_kb ADD COLUMN %I %s;', column_name, type_name)
                WHEN column_name = 'embedding'
                THEN '-- For vectors of another model; embed anew with python -m kb sync --rebuild'
                ELSE format('ALTER TABLE bedrock_integration.bedrock_kb ALTER COLUMN %1$I TYPE %2$s USING CAST(%1$I AS %2$s);',
                            column_name, type_name)
           END
    FROM columns
    UNION ALL
    SELECT 6,
           'Primary key on id',
           EXISTS (SELECT FROM pg_index i
                   WHERE i.indrelid = table_id AND i.indisprimary AND pg_get_indexdef(i.indexrelid, 1, true) = 'id'),
           '',
           'ALTER TABLE bedrock_integration.bedrock_kb ADD PRIMARY KEY (id);'
    FROM facts
    WHERE table_id IS NOT NULL
    UNION ALL
    SELECT 7,
           'Table is owned by bedrock_user',
           pg_get_userbyid(c.relowner) = 'bedrock_user',
           pg_get_userbyid(c.relowner),
           'ALTER TABLE bedrock_integration.bedrock_kb OWNER TO bedrock_user;'
    FROM facts
    JOIN pg_class c ON c.oid = table_id
    UNION ALL
    SELECT 8,
           format('Role %I may read and write the table', current_user),
           (SELECT bool_and(has_table_privilege(table_id, privilege))
            FROM unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS privilege),
           '',
           format('GRANT SELECT, INSERT, UPDATE, DELETE ON bedrock_integration.bedrock_kb TO %I;', current_user)
    FROM facts
    WHERE table_id IS NOT NULL
)
SELECT name,
       ok,
       coalesce(nullif(found, ''), CASE WHEN ok THEN 'yes' ELSE 'no' END) AS found,
       CASE WHEN ok THEN '' ELSE mend END                                 AS mend
FROM checks
ORDER BY place;
