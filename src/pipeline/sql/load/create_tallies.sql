-- How many rows of each batch got which verdict.
-- Creates: tallies (temporary). Reads: judged_events, judged_facts_<type>
CREATE TEMP TABLE tallies AS
SELECT
    batch_id,
    kind,
    SUM(CASE WHEN _verdict = 'loaded' THEN 1 ELSE 0 END) AS loaded,
    SUM(CASE WHEN _verdict = 'duplicate' THEN 1 ELSE 0 END) AS duplicates,
    SUM(CASE WHEN _verdict = 'conflict' THEN 1 ELSE 0 END) AS conflicts,
    SUM(CASE WHEN _verdict = 'quarantined' THEN 1 ELSE 0 END) AS quarantined,
    SUM(CASE WHEN _verdict = 'missing' THEN 1 ELSE 0 END) AS missing
FROM (
    ${verdicts}
) AS verdicts
GROUP BY batch_id, kind;
