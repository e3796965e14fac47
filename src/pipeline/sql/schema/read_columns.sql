-- What the tables that change with the catalogue, or with releases, look like now.
-- Reads: svv_columns
SELECT
    table_name,
    column_name,
    data_type,
    character_maximum_length
FROM svv_columns
WHERE
    table_schema = 'public'
    AND (
        SUBSTRING(table_name, 1, 6) = 'facts_'
        OR SUBSTRING(table_name, 1, 7) = 'rollup_'
        OR SUBSTRING(table_name, 1, 10) = 'histogram_'
        OR table_name = 'events'
        OR table_name = 'loads'
    );
