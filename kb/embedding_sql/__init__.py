"""Rules of embeddings made from SQL: models and their bodies, targets, progress, cost, findings."""
