-- Where the ledger and the tables disagree, by batch: rows that got no verdict, events and rows of
-- the quarantine that are there no longer or that no load has brought. None is what is to be found;
-- 100 are named, the worst first, and each tells how many rows it is in all. One statement sees one
-- snapshot, so a load that commits meanwhile is seen whole or not at all.
-- Reads: loads, events, quarantine
SELECT
    batch_id,
    place,
    expected,
    found,
    CAST(SUM(CASE WHEN expected > found THEN expected - found ELSE 0 END) OVER () AS BIGINT) AS missing,
    CAST(SUM(CASE WHEN found > expected THEN found - expected ELSE 0 END) OVER () AS BIGINT) AS surplus
FROM (
    SELECT
        batch_id,
        place,
        CAST(SUM(expected) AS BIGINT) AS expected,
        CAST(SUM(found) AS BIGINT) AS found
    FROM (
        SELECT
            batch_id,
            CAST('ledger' AS VARCHAR(16)) AS place,
            row_count AS expected,
            loaded + duplicates + conflicts + quarantined AS found
        FROM loads
        WHERE kind = 'events'
        UNION ALL
        SELECT
            batch_id,
            'events',
            loaded,
            0
        FROM loads
        WHERE kind = 'events'
        UNION ALL
        SELECT
            batch_id,
            'events',
            0,
            COUNT(*)
        FROM events
        GROUP BY batch_id
        UNION ALL
        SELECT
            batch_id,
            'quarantine',
            conflicts + quarantined,
            0
        FROM loads
        WHERE kind = 'events'
        UNION ALL
        SELECT
            batch_id,
            'quarantine',
            0,
            COUNT(*)
        FROM quarantine
        GROUP BY batch_id
    ) AS counted
    GROUP BY batch_id, place
) AS compared
WHERE expected <> found
ORDER BY expected - found DESC, batch_id, place
LIMIT 100;
