-- One part of what is told of a load: events by entrance and type, and the newest time of those that
-- were loaded. Types outside the catalogue are one: senders can make them without end.
-- Reads: judged_events, staged_events (temporary)
SELECT
    judged_events.batch_id,
    CAST('events' AS VARCHAR(256)) AS kind,
    staged_events.entrance,
    CASE WHEN staged_events.type IN (${types}) THEN staged_events.type ELSE 'other' END AS type,
    MAX(CASE WHEN judged_events._verdict = 'loaded' THEN staged_events."time" END) AS newest,
    SUM(CASE WHEN judged_events._verdict = 'loaded' THEN 1 ELSE 0 END) AS loaded,
    SUM(CASE WHEN judged_events._verdict = 'duplicate' THEN 1 ELSE 0 END) AS duplicates,
    SUM(CASE WHEN judged_events._verdict = 'conflict' THEN 1 ELSE 0 END) AS conflicts,
    SUM(CASE WHEN judged_events._verdict = 'quarantined' THEN 1 ELSE 0 END) AS quarantined,
    0 AS missing
FROM judged_events
INNER JOIN staged_events
    ON
        judged_events.event_key = staged_events.event_key
        AND judged_events.batch_id = staged_events.batch_id
        AND judged_events."position" = staged_events."position"
GROUP BY
    judged_events.batch_id,
    staged_events.entrance,
    CASE WHEN staged_events.type IN (${types}) THEN staged_events.type ELSE 'other' END;
