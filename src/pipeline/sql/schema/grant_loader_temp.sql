-- The loader stages in temporary tables.
-- Grants on: the database
GRANT TEMP ON DATABASE ${database} TO ${user};
