-- One row per document of an ingestion job, staging tables for documents on their way in, and receipts of pages.
--   psql "$DATABASE_URL" -f sql/migrations/003_ingestion_documents.sql
-- A job that ran has no documents written down, so nobody could go on with it; the next one does.
UPDATE workbench.ingestion_job
SET status = 'STOPPED', updated_at = now()
WHERE status IN ('STARTING', 'IN_PROGRESS', 'STOPPING');

ALTER TABLE workbench.ingestion_job
    ADD COLUMN mode text NOT NULL DEFAULT 'SYNC' CHECK (mode IN ('SYNC', 'PLAN', 'REBUILD')),
    -- When the documents of the job were written down; until then nothing of it is done.
    ADD COLUMN planned_at timestamptz,
    ADD COLUMN metadata_documents_scanned integer NOT NULL DEFAULT 0,
    ADD COLUMN metadata_documents_modified integer NOT NULL DEFAULT 0,
    DROP COLUMN document_key,
    DROP COLUMN stage,
    DROP COLUMN pages_read,
    DROP COLUMN pages_total,
    DROP COLUMN chunks_made,
    DROP COLUMN chunks_embedded;

-- What a job does with each document that differs, and how far it has come.
CREATE TABLE workbench.ingestion_document (
    ingestion_job_id text        NOT NULL REFERENCES workbench.ingestion_job ON DELETE CASCADE,
    document_id      uuid        NOT NULL,
    key              text        NOT NULL,
    action           text        NOT NULL CHECK (action IN ('NEW', 'MODIFIED', 'METADATA', 'DELETED')),
    etag             text        NOT NULL,
    metadata_etag    text,
    size_bytes       bigint      NOT NULL,
    status           text        NOT NULL DEFAULT 'PENDING' CHECK (
        status IN ('PENDING', 'IN_PROGRESS', 'DONE', 'FAILED', 'STOPPED')),
    status_reason    text,
    -- Drawn anew by whoever takes the document up: one who was given up for dead can write no more.
    attempt          uuid,
    stage            text        NOT NULL DEFAULT '',
    pages_total      integer     NOT NULL DEFAULT 0,
    pages_read       integer     NOT NULL DEFAULT 0,
    chunks_made      integer     NOT NULL DEFAULT 0,
    chunks_embedded  integer     NOT NULL DEFAULT 0,
    chunks_stored    integer     NOT NULL DEFAULT 0,
    embedding_calls  integer     NOT NULL DEFAULT 0,
    started_at       timestamptz,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ingestion_job_id, document_id)
);

CREATE INDEX ingestion_document_unfinished ON workbench.ingestion_document (ingestion_job_id)
    WHERE status IN ('PENDING', 'IN_PROGRESS');

-- Every page is accounted for: text was read, it was empty, skipped (and why), or could not be read.
ALTER TABLE workbench.document_page
    DROP CONSTRAINT document_page_outcome_check,
    ADD CHECK (outcome IN ('text', 'empty', 'skipped', 'failed'));

ALTER TABLE workbench.document
    ADD COLUMN metadata_etag text,
    -- The short form of the chunking strategy, and what of the metadata was embedded in front of each chunk.
    ADD COLUMN chunking text,
    ADD COLUMN embedding_prefix text NOT NULL DEFAULT '',
    ADD COLUMN pages_text integer NOT NULL DEFAULT 0,
    ADD COLUMN pages_empty integer NOT NULL DEFAULT 0,
    ADD COLUMN pages_skipped integer NOT NULL DEFAULT 0,
    ADD COLUMN pages_failed integer NOT NULL DEFAULT 0;

UPDATE workbench.document d
SET pages_text = p.text, pages_empty = p.empty, pages_skipped = p.skipped, pages = p.text + p.empty + p.skipped
FROM (
    SELECT document_id,
           count(*) FILTER (WHERE outcome = 'text')    AS text,
           count(*) FILTER (WHERE outcome = 'empty')   AS empty,
           count(*) FILTER (WHERE outcome = 'skipped') AS skipped
    FROM workbench.document_page
    GROUP BY document_id
) p
WHERE d.document_id = p.document_id;

ALTER TABLE workbench.document
    ADD CONSTRAINT every_page_is_accounted_for
    CHECK (pages = pages_text + pages_empty + pages_skipped + pages_failed);

-- Large pieces that are returned for the small ones within them (HIERARCHICAL chunking).
CREATE TABLE workbench.parent_chunk (
    document_id  uuid      NOT NULL REFERENCES workbench.document ON DELETE CASCADE,
    ordinal      integer   NOT NULL,
    text         text      NOT NULL,
    heading_path text[]    NOT NULL,
    tokens       integer   NOT NULL,
    first_page   integer   NOT NULL,
    last_page    integer   NOT NULL,
    page_label   text      NOT NULL,
    placements   integer[] NOT NULL,
    PRIMARY KEY (document_id, ordinal)
);

ALTER TABLE workbench.chunk ADD COLUMN parent integer;

-- Documents on their way in. Not logged: after a crash of the server they are read again, vectors are not.
CREATE UNLOGGED TABLE workbench.staged_document (
    document_id uuid    PRIMARY KEY,
    -- What the staged pages and chunks were made from.
    version     text    NOT NULL,
    pages       integer NOT NULL DEFAULT 0,
    chunks      integer NOT NULL DEFAULT 0,
    is_complete boolean NOT NULL DEFAULT false
);

CREATE UNLOGGED TABLE workbench.staged_page (LIKE workbench.document_page);
ALTER TABLE workbench.staged_page ADD PRIMARY KEY (document_id, page_number);

CREATE UNLOGGED TABLE workbench.staged_parent (LIKE workbench.parent_chunk);
ALTER TABLE workbench.staged_parent ADD PRIMARY KEY (document_id, ordinal);

CREATE UNLOGGED TABLE workbench.staged_chunk (
    document_id  uuid      NOT NULL,
    ordinal      integer   NOT NULL,
    id           uuid      NOT NULL,
    text         text      NOT NULL,
    heading_path text[]    NOT NULL,
    tokens       integer   NOT NULL,
    first_page   integer   NOT NULL,
    last_page    integer   NOT NULL,
    page_label   text      NOT NULL,
    placements   integer[] NOT NULL,
    text_sha256  bytea     NOT NULL,
    identifiers  text[]    NOT NULL,
    metadata     jsonb     NOT NULL,
    parent       integer,
    PRIMARY KEY (document_id, ordinal)
);
CREATE INDEX staged_chunk_id_idx ON workbench.staged_chunk (id);
CREATE INDEX staged_chunk_text_sha256_idx ON workbench.staged_chunk (text_sha256);

-- Vectors that are not published yet, by text and model, so that nothing is embedded twice.
DROP TABLE workbench.staged_embedding;
CREATE TABLE workbench.staged_embedding (
    text_sha256 bytea  NOT NULL,
    model       text   NOT NULL,
    embedding   vector NOT NULL
);
CREATE INDEX staged_embedding_text_sha256_idx ON workbench.staged_embedding (text_sha256);

-- Who is embedding which text; a claim of an attempt that no longer works counts for nothing.
CREATE UNLOGGED TABLE workbench.embedding_claim (
    text_sha256 bytea NOT NULL,
    model       text  NOT NULL,
    attempt     uuid  NOT NULL,
    PRIMARY KEY (text_sha256, model)
);

-- Workers and their signs of life.
CREATE TABLE workbench.worker (
    worker_id      uuid        PRIMARY KEY,
    data_source_id text        NOT NULL REFERENCES workbench.data_source,
    host           text        NOT NULL,
    pid            integer     NOT NULL,
    started_at     timestamptz NOT NULL DEFAULT now(),
    heartbeat_at   timestamptz NOT NULL DEFAULT now()
);

-- A job with the sums over its documents. A document's share of the work is known by its size and by how much
-- of it has vectors; while it is still being read, its number of chunks is what its pages so far let expect.
CREATE VIEW workbench.ingestion_job_progress AS
SELECT j.*,
       d.knowledge_base_id,
       greatest(j.updated_at, p.updated_at)                AS seen_at,
       coalesce(p.documents_total, 0)                      AS documents_total,
       coalesce(p.documents_done, 0)                       AS documents_done,
       coalesce(p.pages_total, 0)                          AS pages_total,
       coalesce(p.pages_read, 0)                           AS pages_read,
       coalesce(p.chunks_made, 0)                          AS chunks_made,
       coalesce(p.chunks_embedded, 0)                      AS chunks_embedded,
       coalesce(p.chunks_stored, 0)                        AS chunks_stored,
       coalesce(p.document_key, '')                        AS document_key,
       coalesce(p.stage, '')                               AS stage,
       CAST(coalesce(p.share, 0) AS float8)                AS share,
       coalesce(p.reasons, '{}')                           AS document_reasons
FROM workbench.ingestion_job j
JOIN workbench.data_source d USING (data_source_id)
LEFT JOIN LATERAL (
    SELECT max(w.updated_at)                                                     AS updated_at,
           count(*)                                                              AS documents_total,
           count(*) FILTER (WHERE w.status IN ('DONE', 'FAILED'))                AS documents_done,
           sum(w.pages_total)                                                    AS pages_total,
           sum(w.pages_read)                                                     AS pages_read,
           sum(w.chunks_made)                                                    AS chunks_made,
           sum(w.chunks_embedded)                                                AS chunks_embedded,
           sum(w.chunks_stored)                                                  AS chunks_stored,
           (array_agg(w.key ORDER BY w.started_at) FILTER (WHERE w.status = 'IN_PROGRESS'))[1]   AS document_key,
           (array_agg(w.stage ORDER BY w.started_at) FILTER (WHERE w.status = 'IN_PROGRESS'))[1] AS stage,
           array_agg(w.key || ': ' || w.status_reason ORDER BY w.key COLLATE "C")
               FILTER (WHERE w.status = 'FAILED')                                AS reasons,
           sum((w.size_bytes + 1) * CASE
               WHEN w.status IN ('DONE', 'FAILED') THEN 1
               WHEN w.chunks_made = 0 OR w.pages_read = 0 THEN 0
               ELSE 0.98 * least(1, w.chunks_embedded
                    / (w.chunks_made * greatest(1, CAST(w.pages_total AS float8) / w.pages_read)))
           END) / sum(w.size_bytes + 1)                                          AS share
    FROM workbench.ingestion_document w
    WHERE w.ingestion_job_id = j.ingestion_job_id
) p ON true;
