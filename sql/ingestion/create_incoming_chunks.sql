-- A place for the chunks of one document on their way in; gone with the transaction.
--   psql "$DATABASE_URL" -f sql/ingestion/create_incoming_chunks.sql
CREATE TEMPORARY TABLE incoming_chunk (
    id           uuid,
    ordinal      integer,
    heading_path text[],
    tokens       integer,
    first_page   integer,
    last_page    integer,
    page_label   text,
    placements   integer[],
    text_sha256  bytea,
    text         text,
    identifiers  text[]
) ON COMMIT DROP;
