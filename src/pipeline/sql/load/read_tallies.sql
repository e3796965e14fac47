-- Last of a load: what became of every batch; batches that were known before are not listed.
-- Reads: tallies, and what its parts read (temporary)
SELECT
    batch_id,
    kind,
    entrance,
    type,
    newest,
    loaded,
    duplicates,
    conflicts,
    quarantined,
    missing
FROM (
    ${parts}
) AS told
ORDER BY kind, batch_id, entrance, type;
