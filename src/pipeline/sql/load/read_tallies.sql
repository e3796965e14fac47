-- Last of a load: what became of every batch; batches that were known before are not listed.
-- Reads: tallies (temporary)
SELECT
    batch_id,
    kind,
    loaded,
    duplicates,
    conflicts,
    quarantined,
    missing
FROM tallies
ORDER BY kind, batch_id;
