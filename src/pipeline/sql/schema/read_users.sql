-- Which of the database users exist.
-- Reads: pg_user
SELECT usename AS user_name
FROM pg_user
WHERE LOWER(usename) IN (:loader, :reader, :checker);
