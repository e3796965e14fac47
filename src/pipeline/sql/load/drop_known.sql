-- Batches whose events are in the ledger were loaded before: their rows are left alone.
-- Writes: announced (temporary). Reads: loads
DELETE FROM announced
WHERE
    kind = 'events'
    AND batch_id IN (SELECT loads.batch_id FROM loads WHERE loads.kind = 'events');
