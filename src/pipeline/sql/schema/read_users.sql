-- Which of the two database users exist.
-- Reads: pg_user
SELECT usename AS user_name
FROM pg_user
WHERE LOWER(usename) = :loader OR LOWER(usename) = :reader;
