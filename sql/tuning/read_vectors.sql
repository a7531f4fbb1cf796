-- All vectors of the copy in the binary COPY format, fit for numpy.
--   psql "$DATABASE_URL" -f sql/tuning/read_vectors.sql > vectors.copy
COPY (SELECT embedding FROM workbench_tuning.shadow) TO STDOUT (FORMAT binary);
