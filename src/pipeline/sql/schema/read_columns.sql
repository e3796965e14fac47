-- What the facts tables look like now.
-- Reads: svv_columns
SELECT
    table_name,
    column_name,
    data_type,
    character_maximum_length
FROM svv_columns
WHERE table_schema = 'public' AND SUBSTRING(table_name, 1, 6) = 'facts_';
