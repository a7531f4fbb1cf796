-- Try an IVFFlat index on the copy.
--   psql "$DATABASE_URL" -v lists=100 -f sql/tuning/create_ivfflat.sql
CREATE INDEX shadow_index
    ON workbench_tuning.shadow
    USING ivfflat (embedding vector_cosine_ops)
    WITH (lists = :lists);
