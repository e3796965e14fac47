-- The ledger's rows; facts whose events are not all there yet get theirs when they are.
-- Writes: loads. Reads: announced, tallies (temporary)
INSERT INTO loads (
    batch_id, kind, object_key, row_count, loaded, duplicates, conflicts, quarantined, loaded_at,
    announced_at
)
SELECT
    announced.batch_id,
    announced.kind,
    announced.object_key,
    announced.row_count,
    tallies.loaded,
    tallies.duplicates,
    tallies.conflicts,
    tallies.quarantined,
    GETDATE(),
    announced.announced_at
FROM announced
INNER JOIN tallies
    ON
        announced.batch_id = tallies.batch_id
        AND announced.kind = tallies.kind
WHERE tallies.missing = 0;
