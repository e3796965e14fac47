-- The types that are deployed have a table.
-- Reads: svv_columns
SELECT DISTINCT table_name
FROM svv_columns
WHERE table_schema = 'public' AND SUBSTRING(table_name, 1, 6) = 'facts_';
