-- Facts that were calculated anew replace their row of the ledger.
-- Writes: loads. Reads: tallies (temporary)
DELETE FROM loads
WHERE EXISTS (
    SELECT 1
    FROM tallies
    WHERE
        tallies.batch_id = loads.batch_id
        AND tallies.kind = loads.kind
        AND tallies.missing = 0
);
