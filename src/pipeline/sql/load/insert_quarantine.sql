-- What does not enter `events`, with the reason; a conflict keeps its data as payload.
-- Writes: quarantine. Reads: judged_events (temporary)
INSERT INTO quarantine (
    event_key, fingerprint, reason, path, detail, payload, source, id, type, entrance, received_at,
    batch_id, quarantined_at
)
SELECT
    event_key,
    fingerprint,
    charge,
    CASE WHEN _verdict = 'conflict' THEN '$$.id' ELSE path END,
    CASE
        WHEN _verdict = 'conflict' THEN 'an event with this source and id but other content came first'
        ELSE detail
    END,
    COALESCE(payload, data),
    source,
    id,
    type,
    entrance,
    received_at,
    batch_id,
    GETDATE()
FROM judged_events
WHERE _verdict = 'conflict' OR _verdict = 'quarantined';
