-- The same for a table that has no embedding column yet: all rows with a text lack an embedding.
--   psql "$DATABASE_URL" -v schema=public -v table=documents -v text_column=content -f sql/table_embedding/count_texts.sql
SELECT count(*)                                             AS rows,
       count(*)                                             AS missing,
       coalesce(sum(length(:"text_column"::text)), 0)       AS missing_characters
FROM :"schema".:"table"
WHERE btrim(:"text_column"::text) <> '';
