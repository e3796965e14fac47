-- A user that comes in by its IAM role and has no password.
-- Creates: a database user
CREATE USER ${user} PASSWORD DISABLE;
