-- One part of what is told of a load: facts, which have their type in their kind.
-- Reads: tallies (temporary)
SELECT
    batch_id,
    kind,
    CAST(NULL AS VARCHAR(16)) AS entrance,
    CAST(NULL AS VARCHAR(1024)) AS type,
    CAST(NULL AS TIMESTAMPTZ) AS newest,
    loaded,
    duplicates,
    conflicts,
    quarantined,
    missing
FROM tallies
WHERE kind <> 'events';
