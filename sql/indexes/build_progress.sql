-- How far the index builds of this database are. IVFFlat counts tuples, HNSW blocks of the table.
--   psql "$DATABASE_URL" -f sql/indexes/build_progress.sql
SELECT pid,
       CAST(relid AS regclass)                                            AS table_name,
       phase,
       round(100.0 * blocks_done / nullif(blocks_total, 0), 1)            AS percent_blocks,
       round(100.0 * tuples_done / nullif(tuples_total, 0), 1)            AS percent_tuples
FROM pg_stat_progress_create_index
WHERE datname = current_database();
