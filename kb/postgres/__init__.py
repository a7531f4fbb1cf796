"""The embedded PostgreSQL and what stands in for Aurora's own functions on it."""
