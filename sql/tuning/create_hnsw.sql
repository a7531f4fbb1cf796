-- Try an HNSW index on the copy. A long build holds back vacuum in the whole database.
--   psql "$DATABASE_URL" -v m=16 -v ef_construction=64 -f sql/tuning/create_hnsw.sql
CREATE INDEX shadow_index
    ON workbench_tuning.shadow
    USING hnsw (embedding vector_cosine_ops)
    WITH (m = :m, ef_construction = :ef_construction);
