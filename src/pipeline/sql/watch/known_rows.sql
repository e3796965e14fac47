-- Which of these rows the warehouse has, whatever batch brought them: each is in one of the tables.
-- Reads: events, quarantine
SELECT
    event_key,
    fingerprint
FROM events
WHERE event_key IN (${keys})
UNION ALL
SELECT
    event_key,
    fingerprint
FROM quarantine
WHERE event_key IN (${keys});
