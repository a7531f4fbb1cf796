-- Pages on which a passage stands, or on which it begins and goes on on the next; only letters and digits count.
--   psql "$DATABASE_URL" -v passage="'some words'" -v document_id=NULL -v row_limit=10 -f sql/explain/pages_with_passage.sql
WITH asked AS (
    SELECT regexp_replace(lower(:passage), '[^[:alnum:]]+', '', 'g') AS letters
),
page AS MATERIALIZED (
    SELECT document_id, page_number, regexp_replace(lower(text), '[^[:alnum:]]+', '', 'g') AS letters
    FROM workbench.document_page
    WHERE CAST(:document_id AS uuid) IS NULL OR document_id = CAST(:document_id AS uuid)
),
pair AS (
    SELECT document_id, page_number, lead(page_number) OVER document AS next_number,
           letters || coalesce(lead(letters) OVER document, '') AS letters
    FROM page
    WINDOW document AS (PARTITION BY document_id ORDER BY page_number)
)
SELECT pair.document_id, pair.page_number, this.text, pair.next_number, following.text AS next_text
FROM pair
JOIN asked ON asked.letters <> '' AND strpos(pair.letters, asked.letters) > 0
JOIN workbench.document_page this ON this.document_id = pair.document_id AND this.page_number = pair.page_number
LEFT JOIN workbench.document_page following
    ON following.document_id = pair.document_id AND following.page_number = pair.next_number
ORDER BY pair.document_id, pair.page_number
LIMIT :row_limit;
