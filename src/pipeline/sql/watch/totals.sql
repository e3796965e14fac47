-- What came in by the ledger and what became of it, and the events of batches that have no facts at
-- all: flow 1 failed for those that were loaded before :before, the others may still get theirs.
-- Reads: loads
SELECT
    CAST(COALESCE(SUM(row_count), 0) AS BIGINT) AS received,
    CAST(COALESCE(SUM(loaded), 0) AS BIGINT) AS loaded,
    CAST(COALESCE(SUM(duplicates), 0) AS BIGINT) AS duplicates,
    CAST(COALESCE(SUM(conflicts), 0) AS BIGINT) AS conflicts,
    CAST(COALESCE(SUM(quarantined), 0) AS BIGINT) AS quarantined,
    CAST(
        COALESCE(SUM(CASE WHEN facts = 0 AND loaded_at < CAST(:before AS TIMESTAMPTZ) THEN loaded END), 0)
        AS BIGINT
    ) AS without_facts,
    CAST(
        COALESCE(SUM(CASE WHEN facts = 0 AND loaded_at >= CAST(:before AS TIMESTAMPTZ) THEN loaded END), 0)
        AS BIGINT
    ) AS awaiting_facts
FROM (
    SELECT
        batch_id,
        SUM(CASE WHEN kind = 'events' THEN row_count END) AS row_count,
        SUM(CASE WHEN kind = 'events' THEN loaded END) AS loaded,
        SUM(CASE WHEN kind = 'events' THEN duplicates END) AS duplicates,
        SUM(CASE WHEN kind = 'events' THEN conflicts END) AS conflicts,
        SUM(CASE WHEN kind = 'events' THEN quarantined END) AS quarantined,
        MAX(CASE WHEN kind = 'events' THEN loaded_at END) AS loaded_at,
        SUM(CASE WHEN kind = 'events' THEN 0 ELSE 1 END) AS facts
    FROM loads
    GROUP BY batch_id
) AS batches;
