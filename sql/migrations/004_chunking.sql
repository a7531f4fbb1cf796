-- The chunking strategy of a data source in its short form, and the way from a page to its chunks.
--   psql "$DATABASE_URL" -f sql/migrations/004_chunking.sql
ALTER TABLE workbench.data_source ADD COLUMN chunking text NOT NULL DEFAULT 'DEFAULT:300';

CREATE INDEX chunk_pages_idx ON workbench.chunk (document_id, first_page, last_page);
