-- How many rows have a text, how many of them lack an embedding, and how long these texts are.
--   psql "$DATABASE_URL" -v schema=public -v table=documents -v text_column=content -v embedding_column=embedding \
--     -f sql/table_embedding/count_rows.sql
SELECT count(*)                                                                                AS rows,
       count(*) FILTER (WHERE :"embedding_column" IS NULL)                                     AS missing,
       coalesce(sum(length(:"text_column"::text)) FILTER (WHERE :"embedding_column" IS NULL), 0) AS missing_characters
FROM :"schema".:"table"
WHERE btrim(:"text_column"::text) <> '';
