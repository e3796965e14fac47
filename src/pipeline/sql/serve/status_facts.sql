-- One part of the status: the facts of one event type.
-- Reads: facts_<type>
UNION ALL
SELECT
    'facts',
    '${type}',
    COUNT(*),
    0,
    0,
    0,
    0,
    MAX("time")
FROM ${table}
