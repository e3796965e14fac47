-- One part of what is tallied.
-- Reads: judged_events or judged_facts_<type> (temporary)
SELECT
    batch_id,
    _verdict,
    CAST('${kind}' AS VARCHAR(256)) AS kind
FROM ${judged};
