-- Objects of events that are in the ledger were loaded before: their rows are left alone. The same
-- batch with another object or count is judged again, row by row.
-- Writes: announced (temporary). Reads: loads
DELETE FROM announced
WHERE
    kind = 'events'
    AND EXISTS (
        SELECT 1
        FROM loads
        WHERE
            loads.kind = announced.kind
            AND loads.batch_id = announced.batch_id
            AND loads.object_key = announced.object_key
            AND loads.row_count = announced.row_count
    );
