-- Embed the rows of a table that lack an embedding; what the job of the page and of `embed-table` runs in each session.
--   psql "$DATABASE_URL" -v target="'public.documents'" -v text_column="'content'" -v embedding_column="'embedding'" \
--     -v model_id="'amazon.titan-embed-text-v1'" -v json_key="'embedding'" -v request="'{\"inputText\": \"\"}'" \
--     -v text_path="'{inputText}'" -v batch_size=1 -v pause_seconds=0 -v row_limit=NULL -v max_attempts=3 -v job_id=NULL \
--     -f sql/table_embedding/call_embed_table.sql
CALL workbench.embed_table(
    target           => CAST(:target AS regclass),
    text_column      => CAST(:text_column AS name),
    embedding_column => CAST(:embedding_column AS name),
    model_id         => CAST(:model_id AS text),
    json_key         => CAST(:json_key AS text),
    request          => CAST(:request AS jsonb),
    text_path        => CAST(:text_path AS text[]),
    batch_size       => CAST(:batch_size AS integer),
    pause_seconds    => CAST(:pause_seconds AS double precision),
    row_limit        => CAST(:row_limit AS bigint),
    max_attempts     => CAST(:max_attempts AS integer),
    job_id           => CAST(:job_id AS bigint)
);
