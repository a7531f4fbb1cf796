"""A knowledge-base workbench on PostgreSQL + pgvector: read, embed, retrieve, answer, tune."""
