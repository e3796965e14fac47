-- What the ledger says of batches, and how many of their rows stand.
-- Reads: loads, events, quarantine
SELECT
    ledger.batch_id,
    CAST(ledger.loaded AS BIGINT) AS loaded,
    CAST(ledger.held AS BIGINT) AS held,
    COALESCE(standing.row_count, 0) AS standing_events,
    COALESCE(kept.row_count, 0) AS standing_quarantine
FROM (
    SELECT
        batch_id,
        SUM(loaded) AS loaded,
        SUM(conflicts + quarantined) AS held
    FROM loads
    WHERE kind = 'events' AND batch_id IN (${listed})
    GROUP BY batch_id
) AS ledger
LEFT JOIN (
    SELECT
        batch_id,
        COUNT(*) AS row_count
    FROM events
    WHERE batch_id IN (${listed})
    GROUP BY batch_id
) AS standing
    ON ledger.batch_id = standing.batch_id
LEFT JOIN (
    SELECT
        batch_id,
        COUNT(*) AS row_count
    FROM quarantine
    WHERE batch_id IN (${listed})
    GROUP BY batch_id
) AS kept
    ON ledger.batch_id = kept.batch_id;
