-- Which events are loaded or quarantined.
-- Reads: events, quarantine
SELECT event_key
FROM events
WHERE event_key IN (${listed})
UNION
SELECT event_key
FROM quarantine
WHERE event_key IN (${listed});
