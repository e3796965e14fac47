-- The rows that enter `events`, one per key, with their JSON parsed. JSON that SUPER cannot hold
-- stays text only, so that no event can stop a load.
-- Creates: new_events (temporary). Reads: judged_events, staged_events, versions
CREATE TEMP TABLE new_events DISTKEY (event_key) AS
SELECT
    staged_events.event_key,
    staged_events.fingerprint,
    staged_events.source,
    staged_events.id,
    staged_events.type,
    staged_events."time",
    staged_events.received_at,
    staged_events.entrance,
    staged_events.subject,
    staged_events.dataschema,
    staged_events.batch_id,
    staged_events.correlation_id,
    CASE
        WHEN CAN_JSON_PARSE(staged_events.extensions) THEN JSON_PARSE(staged_events.extensions)
    END AS extensions,
    CASE WHEN CAN_JSON_PARSE(staged_events.data) THEN JSON_PARSE(staged_events.data) END AS data,
    staged_events.data AS data_text,
    (SELECT MAX(version) FROM versions) AS version
FROM staged_events
INNER JOIN judged_events
    ON
        staged_events.event_key = judged_events.event_key
        AND staged_events.batch_id = judged_events.batch_id
        AND staged_events."position" = judged_events."position"
WHERE judged_events._verdict = 'loaded';
