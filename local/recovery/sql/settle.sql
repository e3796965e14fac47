-- Which rows of a batch are loaded, and which are quarantined, is told by the rows themselves: each
-- names the batch that brought it. Batches with two rows in the ledger are left alone.
-- Writes: loads. Reads: events, quarantine
UPDATE loads
SET
    loaded = counted.loaded,
    conflicts = counted.conflicts,
    quarantined = counted.quarantined,
    duplicates = loads.row_count - counted.loaded - counted.conflicts - counted.quarantined
FROM (
    SELECT
        batch_id,
        SUM(loaded) AS loaded,
        SUM(conflict) AS conflicts,
        SUM(other) AS quarantined
    FROM (
        SELECT
            batch_id,
            1 AS loaded,
            0 AS conflict,
            0 AS other
        FROM events
        WHERE batch_id IN (${listed})
        UNION ALL
        SELECT
            batch_id,
            0 AS loaded,
            CASE WHEN reason = 'ID_CONFLICT' THEN 1 ELSE 0 END AS conflict,
            CASE WHEN reason = 'ID_CONFLICT' THEN 0 ELSE 1 END AS other
        FROM quarantine
        WHERE batch_id IN (${listed})
    ) AS standing
    GROUP BY batch_id
) AS counted
WHERE
    loads.kind = 'events'
    AND loads.batch_id = counted.batch_id
    AND loads.batch_id IN (
        SELECT batch_id
        FROM loads
        WHERE kind = 'events' AND batch_id IN (${listed})
        GROUP BY batch_id
        HAVING COUNT(*) = 1
    );
