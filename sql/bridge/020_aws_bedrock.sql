-- What Aurora ML has, on the embedded server: schema aws_bedrock with the same two functions, answered by the local model.
-- `python -m kb up` makes it an extension of the name aws_ml, so that CREATE EXTENSION and DROP EXTENSION work as on Aurora.
--   psql "$DATABASE_URL" -f sql/bridge/020_aws_bedrock.sql
CREATE SCHEMA aws_bedrock;
REVOKE ALL ON SCHEMA aws_bedrock FROM PUBLIC;

-- With the rights of the superuser who installed it, or its caller could read the bridge's password.
CREATE FUNCTION aws_bedrock.invoke_model_get_embeddings(
    IN  model_id     varchar,
    IN  content_type text,
    IN  json_key     text,
    IN  model_input  text,
    OUT model_output double precision[]
)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    model_output := embed_bridge.request(json_build_object(
        'model_id', model_id, 'content_type', content_type, 'json_key', json_key, 'model_input', model_input)::text);
END
$function$;

CREATE FUNCTION aws_bedrock.invoke_model(
    IN  model_id     varchar,
    IN  content_type text,
    IN  accept_type  text,
    IN  model_input  text,
    OUT model_output varchar
)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    model_output := embed_bridge.request(json_build_object(
        'model_id', model_id, 'content_type', content_type, 'accept_type', accept_type, 'model_input', model_input)::text);
END
$function$;
