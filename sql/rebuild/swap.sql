-- Put the rebuilt table in the place of Bedrock's; run it in the transaction that filled it.
--   psql "$DATABASE_URL" -1 -f sql/rebuild/swap.sql
DROP TABLE bedrock_integration.bedrock_kb;
ALTER TABLE bedrock_integration.bedrock_kb_rebuilt RENAME TO bedrock_kb;
