-- A page of quarantined events that could be sent again: none that is loaded by now, and none that
-- came second to another of the same identity. `place` orders them, those of one event together.
-- Reads: quarantine, events
SELECT
    quarantine.event_key,
    quarantine.entrance,
    quarantine.received_at,
    quarantine.reason,
    quarantine.payload,
    quarantine.correlation_id,
    quarantine.event_key || ' ' || quarantine.fingerprint || ' ' || quarantine.reason AS place
FROM quarantine
LEFT JOIN events ON quarantine.event_key = events.event_key
WHERE
    events.event_key IS NULL
    AND quarantine.reason <> 'ID_CONFLICT'
    AND quarantine.event_key || ' ' || quarantine.fingerprint || ' ' || quarantine.reason > :after
    ${conditions}
ORDER BY place
LIMIT ${rows};
