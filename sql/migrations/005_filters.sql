-- What a metadata filter sees of a chunk: its attributes as Bedrock stores them, and where it stands by our own bookkeeping.
--   psql "$DATABASE_URL" -f sql/migrations/005_filters.sql
CREATE FUNCTION workbench.attributes(chunk_id uuid, metadata json, custom_metadata jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
               -- Our own chunks have everything there, and to parse the other column takes longer than all the rest.
               WHEN custom_metadata ? 'x-amz-bedrock-kb-source-uri' THEN custom_metadata
               ELSE coalesce(CASE WHEN json_typeof(metadata) = 'object' THEN CAST(metadata AS jsonb) END, '{}')
                    || coalesce(CASE WHEN jsonb_typeof(custom_metadata) = 'object' THEN custom_metadata END, '{}')
           END
           || coalesce((
               SELECT jsonb_build_object('x-workbench-heading-path', c.heading_path, 'x-workbench-last-page-number', c.last_page)
               FROM workbench.chunk c
               WHERE c.id = chunk_id
           ), '{}')
$$;
