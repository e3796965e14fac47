-- The loader stages in temporary tables; the reader gathers there what it exports.
-- Grants on: the database
GRANT TEMP ON DATABASE ${database} TO ${user};
