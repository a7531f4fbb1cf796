-- Embed all documents that lack an embedding with the procedure: resumable, and safe in several sessions at once.
--   psql "$DATABASE_URL" -v batch_size=1 -v pause_seconds=0 -v row_limit=NULL -v max_attempts=3 \
--     -f sql/aurora_ml/060_call_embed_table.sql
CALL workbench.embed_table(
    target           => 'documents',
    text_column      => 'content',
    embedding_column => 'embedding',
    model_id         => 'amazon.titan-embed-text-v1',
    batch_size       => CAST(:batch_size AS integer),
    pause_seconds    => CAST(:pause_seconds AS double precision),
    row_limit        => CAST(:row_limit AS bigint),
    max_attempts     => CAST(:max_attempts AS integer)
);
