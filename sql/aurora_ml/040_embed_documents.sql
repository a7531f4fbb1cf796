-- Embed the documents that lack an embedding: a commit for each row. Stop it and run it again, or run it twice at once.
-- A row that another session is embedding or changing is skipped, not waited for.
--   psql "$DATABASE_URL" -f sql/aurora_ml/040_embed_documents.sql
DO
$embed$
DECLARE
    doc_id int;
    doc    record;
    emb    vector(1536);
BEGIN
    FOR doc_id IN SELECT id FROM documents WHERE embedding IS NULL ORDER BY id LOOP
        SELECT id, content INTO doc
        FROM documents
        WHERE id = doc_id AND embedding IS NULL
        FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        emb := aws_bedrock.invoke_model_get_embeddings(
            model_id     := 'amazon.titan-embed-text-v1',
            content_type := 'application/json',
            json_key     := 'embedding',
            model_input  := json_build_object('inputText', doc.content)::text);
        UPDATE documents SET embedding = emb WHERE id = doc.id;
        COMMIT;
    END LOOP;
END
$embed$ LANGUAGE plpgsql;
