CREATE SCHEMA IF NOT EXISTS bi;
CREATE USER bi_reader PASSWORD 'Example-0f-a-password' CONNECTION LIMIT 10;
GRANT USAGE ON SCHEMA bi TO bi_reader;
-- In Redshift everybody may create tables in public until this.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
