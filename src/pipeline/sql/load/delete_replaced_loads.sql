-- Facts that were calculated anew replace their row of the ledger; rows of events are never lost.
-- Writes: loads. Reads: tallies (temporary)
DELETE FROM loads
WHERE
    kind <> 'events'
    AND EXISTS (
        SELECT 1
        FROM tallies
        WHERE
            tallies.batch_id = loads.batch_id
            AND tallies.kind = loads.kind
            AND tallies.missing = 0
    );
