-- Batches that are to be loaded again; those of which nothing is missing count as duplicates then.
-- Writes: loads
DELETE FROM loads
WHERE kind = 'events' AND batch_id IN (${listed});
