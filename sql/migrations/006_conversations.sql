-- Conversations of the chat with their evidence as it was, drawn pages that are cited, and saved questions.
--   psql "$DATABASE_URL" -f sql/migrations/006_conversations.sql
CREATE TABLE workbench.conversation (
    conversation_id uuid        PRIMARY KEY,
    title           text        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX conversation_updated_at_idx ON workbench.conversation (updated_at DESC);

CREATE TABLE workbench.turn (
    turn_id         uuid        PRIMARY KEY,
    conversation_id uuid        NOT NULL REFERENCES workbench.conversation ON DELETE CASCADE,
    ordinal         integer     NOT NULL,
    status          text        NOT NULL DEFAULT 'IN_PROGRESS' CHECK (
        status IN ('IN_PROGRESS', 'COMPLETE', 'STOPPED', 'FAILED')),
    -- As typed, and as answered: for searching. What is shown comes from the evidence.
    question        text        NOT NULL,
    answer          text        NOT NULL DEFAULT '',
    -- Not jsonb: the text is kept as it was written, NUL and half characters included.
    configuration   json        NOT NULL,
    evidence        json,
    -- The prompt and all candidates; large, and read only by whoever looks at them.
    trace           json,
    failure         text,
    is_stopping     boolean     NOT NULL DEFAULT false,
    rating          text        CHECK (rating IN ('UP', 'DOWN')),
    note            text        NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (conversation_id, ordinal)
);

-- A conversation answers one question at a time; a second one breaks this and becomes a Conflict.
CREATE UNIQUE INDEX one_running_turn ON workbench.turn (conversation_id) WHERE status = 'IN_PROGRESS';

-- Cited pages as they were drawn, without marks; they outlive the document.
CREATE TABLE workbench.frozen_page (
    document_id uuid    NOT NULL,
    etag        text    NOT NULL,
    page_number integer NOT NULL,
    -- Pixels for each point of the page.
    scale       float8  NOT NULL,
    png         bytea   NOT NULL,
    PRIMARY KEY (document_id, etag, page_number)
);
ALTER TABLE workbench.frozen_page ALTER COLUMN png SET STORAGE EXTERNAL;

CREATE TABLE workbench.saved_question (
    question_set text        NOT NULL,
    question     text        NOT NULL,
    answer       text        NOT NULL,
    pages        integer[]   NOT NULL,
    keywords     text[]      NOT NULL,
    note         text        NOT NULL DEFAULT '',
    saved_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (question_set, question)
);
