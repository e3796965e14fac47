-- Fails the load (division by zero) unless every batch brought exactly the rows announced; of
-- events each at a position of its own, by which later statements find it again.
-- Reads: announced, staged_events or staged_facts_<type> (temporary)
SELECT 1 / CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END AS proven
FROM (
    SELECT
        batch_id,
        SUM(row_count) AS row_count
    FROM announced
    WHERE kind = '${kind}'
    GROUP BY batch_id
) AS promised
FULL OUTER JOIN (
    SELECT
        batch_id,
        ${counted} AS row_count
    FROM ${staged}
    GROUP BY batch_id
) AS counted
    ON promised.batch_id = counted.batch_id
WHERE COALESCE(promised.row_count, 0) <> COALESCE(counted.row_count, 0);
