-- What does not enter `events`, with the reason; a conflict keeps its data as payload.
-- Writes: quarantine. Reads: judged_events, staged_events (temporary)
INSERT INTO quarantine (
    event_key, fingerprint, reason, path, detail, payload, source, id, type, entrance, received_at,
    batch_id, quarantined_at, correlation_id
)
SELECT
    staged_events.event_key,
    staged_events.fingerprint,
    judged_events.charge,
    CASE WHEN judged_events._verdict = 'conflict' THEN '$$.id' ELSE staged_events.path END,
    CASE
        WHEN judged_events._verdict = 'conflict'
            THEN 'an event with this source and id but other content came first'
        ELSE staged_events.detail
    END,
    COALESCE(staged_events.payload, staged_events.data),
    staged_events.source,
    staged_events.id,
    staged_events.type,
    staged_events.entrance,
    staged_events.received_at,
    staged_events.batch_id,
    GETDATE(),
    staged_events.correlation_id
FROM staged_events
INNER JOIN judged_events
    ON
        staged_events.event_key = judged_events.event_key
        AND staged_events.batch_id = judged_events.batch_id
        AND staged_events."position" = judged_events."position"
WHERE judged_events._verdict = 'conflict' OR judged_events._verdict = 'quarantined';
