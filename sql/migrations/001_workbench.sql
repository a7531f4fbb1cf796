-- The workbench's own bookkeeping, beside Bedrock's table and never inside it.
--   psql "$DATABASE_URL" -f sql/migrations/001_workbench.sql
CREATE TABLE workbench.knowledge_base (
    knowledge_base_id    text        PRIMARY KEY CHECK (knowledge_base_id ~ '^[0-9a-zA-Z]{10}$'),
    name                 text        NOT NULL,
    -- The identity of the embedding model: vectors of two models never meet.
    embedding_provider   text        NOT NULL,
    embedding_model      text        NOT NULL,
    embedding_dimensions integer     NOT NULL,
    embedding_normalised boolean     NOT NULL,
    created_at           timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE workbench.data_source (
    data_source_id    text        PRIMARY KEY CHECK (data_source_id ~ '^[0-9a-zA-Z]{10}$'),
    knowledge_base_id text        NOT NULL REFERENCES workbench.knowledge_base,
    bucket            text        NOT NULL UNIQUE,
    created_at        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE workbench.document (
    document_id    uuid        PRIMARY KEY,
    data_source_id text        NOT NULL REFERENCES workbench.data_source,
    key            text        NOT NULL,
    etag           text        NOT NULL,
    size_bytes     bigint      NOT NULL,
    status         text        NOT NULL CHECK (status IN ('PENDING', 'IN_PROGRESS', 'INDEXED', 'FAILED')),
    status_reason  text,
    pages          integer     NOT NULL DEFAULT 0,
    chunks         integer     NOT NULL DEFAULT 0,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (data_source_id, key)
);

-- What was read from each page, and where each character stands on it.
CREATE TABLE workbench.document_page (
    document_id    uuid    NOT NULL REFERENCES workbench.document ON DELETE CASCADE,
    page_number    integer NOT NULL,
    page_label     text    NOT NULL,
    width          real    NOT NULL,
    height         real    NOT NULL,
    text           text    NOT NULL,
    boxes          bytea   NOT NULL,
    outcome        text    NOT NULL CHECK (outcome IN ('text', 'empty', 'skipped')),
    outcome_reason text,
    PRIMARY KEY (document_id, page_number)
);

-- What Bedrock's table has no room for; id is the id of the chunk there.
CREATE TABLE workbench.chunk (
    id           uuid      PRIMARY KEY,
    document_id  uuid      NOT NULL REFERENCES workbench.document ON DELETE CASCADE,
    ordinal      integer   NOT NULL,
    heading_path text[]    NOT NULL,
    tokens       integer   NOT NULL,
    first_page   integer   NOT NULL,
    last_page    integer   NOT NULL,
    page_label   text      NOT NULL,
    -- Rows of (start, end, page_number, page_start).
    placements   integer[] NOT NULL,
    text_sha256  bytea     NOT NULL,
    -- English lexemes, and identifiers such as pg_stat_io whole.
    lexemes      tsvector  NOT NULL,
    UNIQUE (document_id, ordinal)
);

CREATE INDEX chunk_lexemes_idx ON workbench.chunk USING gin (lexemes);
CREATE INDEX chunk_text_sha256_idx ON workbench.chunk (text_sha256);

-- Vectors of documents that are not published yet, so that a killed job does not embed them again.
CREATE TABLE workbench.staged_embedding (
    text_sha256 bytea  PRIMARY KEY,
    embedding   vector NOT NULL
);

CREATE TABLE workbench.ingestion_job (
    ingestion_job_id           text        PRIMARY KEY CHECK (ingestion_job_id ~ '^[0-9a-zA-Z]{10}$'),
    data_source_id             text        NOT NULL REFERENCES workbench.data_source,
    status                     text        NOT NULL DEFAULT 'STARTING' CHECK (
        status IN ('STARTING', 'IN_PROGRESS', 'COMPLETE', 'FAILED', 'STOPPING', 'STOPPED')),
    documents_scanned          integer     NOT NULL DEFAULT 0,
    new_documents_indexed      integer     NOT NULL DEFAULT 0,
    modified_documents_indexed integer     NOT NULL DEFAULT 0,
    documents_deleted          integer     NOT NULL DEFAULT 0,
    documents_failed           integer     NOT NULL DEFAULT 0,
    document_key               text        NOT NULL DEFAULT '',
    stage                      text        NOT NULL DEFAULT '',
    pages_read                 integer     NOT NULL DEFAULT 0,
    pages_total                integer     NOT NULL DEFAULT 0,
    chunks_made                integer     NOT NULL DEFAULT 0,
    chunks_embedded            integer     NOT NULL DEFAULT 0,
    embedding_calls            integer     NOT NULL DEFAULT 0,
    failure_reasons            text[]      NOT NULL DEFAULT '{}',
    started_at                 timestamptz NOT NULL DEFAULT now(),
    updated_at                 timestamptz NOT NULL DEFAULT now()
);

-- One running job per data source; a second start breaks this and becomes a Conflict.
CREATE UNIQUE INDEX one_running_ingestion_job ON workbench.ingestion_job (data_source_id)
    WHERE status IN ('STARTING', 'IN_PROGRESS', 'STOPPING');
