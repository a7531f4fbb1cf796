-- Texts of staged documents that have no vector yet, and their tokens, each counted with the first document that has it.
--   psql "$DATABASE_URL" -v ingestion_job_id="'JOB0000001'" -v model="'local/made-up/384/unit'" -v with_token_bits=false \
--     -f sql/ingestion/planned_calls.sql
SELECT document_id, count(*) AS embedding_calls, sum(tokens) AS tokens
FROM (
    SELECT DISTINCT ON (s.text_sha256) s.text_sha256, s.tokens, w.document_id
    FROM workbench.ingestion_document w
    JOIN workbench.staged_chunk s USING (document_id)
    WHERE w.ingestion_job_id = :ingestion_job_id AND w.status = 'DONE'
    ORDER BY s.text_sha256, w.key COLLATE "C"
) text
WHERE NOT EXISTS (
    SELECT FROM workbench.staged_embedding e WHERE e.text_sha256 = text.text_sha256 AND e.model = :model
) AND NOT EXISTS (
    SELECT FROM workbench.chunk c JOIN bedrock_integration.bedrock_kb kb USING (id)
    WHERE c.text_sha256 = text.text_sha256
      AND (NOT CAST(:with_token_bits AS boolean) OR EXISTS (
          SELECT FROM workbench.token_bits t WHERE t.text_sha256 = text.text_sha256 AND t.model = :model
      ))
)
GROUP BY document_id;
