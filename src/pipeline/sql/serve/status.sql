-- What came in and what became of it, by the ledger, and how fresh the tables are.
-- Reads: versions, loads, events, quarantine, facts_<type>
SELECT
    CAST('loads' AS VARCHAR(16)) AS section,
    CAST(kind AS VARCHAR(256)) AS name,
    CAST(SUM(row_count) AS BIGINT) AS row_count,
    CAST(SUM(loaded) AS BIGINT) AS loaded,
    CAST(SUM(duplicates) AS BIGINT) AS duplicates,
    CAST(SUM(conflicts) AS BIGINT) AS conflicts,
    CAST(SUM(quarantined) AS BIGINT) AS quarantined,
    MAX(loaded_at) AS latest
FROM loads
GROUP BY kind
UNION ALL
SELECT
    'received',
    'events',
    COUNT(*),
    0,
    0,
    0,
    0,
    MAX(received_at)
FROM events
UNION ALL
SELECT
    'events',
    'events',
    COUNT(*),
    0,
    0,
    0,
    0,
    MAX("time")
FROM events
UNION ALL
SELECT
    'quarantine',
    reason,
    COUNT(*),
    0,
    0,
    0,
    0,
    MAX(quarantined_at)
FROM quarantine
GROUP BY reason
UNION ALL
SELECT
    'version',
    'version',
    MAX(version),
    0,
    0,
    0,
    0,
    MAX(committed_at)
FROM versions
${facts};
