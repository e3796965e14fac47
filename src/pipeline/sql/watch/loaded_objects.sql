-- The batches of the lake that are in the ledger, from a day of receipt on: keys sort by it.
-- Reads: loads
SELECT DISTINCT object_key
FROM loads
WHERE
    kind = 'events'
    AND object_key >= :first;
