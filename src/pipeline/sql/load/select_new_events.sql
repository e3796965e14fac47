-- The rows that enter `events`, one per key, with their JSON parsed.
-- Creates: new_events (temporary). Reads: judged_events
CREATE TEMP TABLE new_events DISTKEY (event_key) AS
SELECT
    event_key,
    fingerprint,
    source,
    id,
    type,
    "time",
    received_at,
    entrance,
    subject,
    dataschema,
    batch_id,
    JSON_PARSE(extensions) AS extensions,
    JSON_PARSE(data) AS data,
    data AS data_text
FROM judged_events
WHERE _verdict = 'loaded';
