-- The verdict on every staged row: loaded, duplicate, conflict or quarantined. The first event of
-- a key stands, by time of receipt, batch and position; whatever stands in `events` came before.
-- Long texts stay out of it: a row that is too wide to sort fails its query (error 8001).
-- Creates: judged_events (temporary). Reads: staged_events, announced, events, quarantine
CREATE TEMP TABLE judged_events DISTKEY (event_key) AS
WITH ordered AS (
    SELECT
        staged_events.event_key,
        staged_events.fingerprint,
        staged_events.reason,
        staged_events.received_at,
        staged_events.batch_id,
        staged_events."position",
        events.fingerprint AS standing,
        ROW_NUMBER() OVER (
            PARTITION BY staged_events.event_key, CASE WHEN staged_events.reason IS NULL THEN 1 ELSE 0 END
            ORDER BY staged_events.received_at, staged_events.batch_id, staged_events."position"
        ) AS _turn,
        FIRST_VALUE(staged_events.fingerprint) OVER (
            PARTITION BY staged_events.event_key, CASE WHEN staged_events.reason IS NULL THEN 1 ELSE 0 END
            ORDER BY staged_events.received_at, staged_events.batch_id, staged_events."position"
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS first_staged
    FROM staged_events
    LEFT JOIN events ON events.event_key = staged_events.event_key
    WHERE staged_events.batch_id IN (SELECT batch_id FROM announced WHERE kind = 'events')
),

charged AS (
    SELECT
        ordered.*,
        CASE
            WHEN ordered.reason IS NOT NULL THEN ordered.reason
            WHEN COALESCE(ordered.standing, ordered.first_staged) <> ordered.fingerprint THEN 'ID_CONFLICT'
        END AS charge
    FROM ordered
),

counted AS (
    SELECT
        charged.*,
        quarantine.event_key AS held,
        ROW_NUMBER() OVER (
            PARTITION BY charged.event_key, charged.fingerprint, charged.charge
            ORDER BY charged.received_at, charged.batch_id, charged."position"
        ) AS sibling
    FROM charged
    LEFT JOIN quarantine
        ON
            quarantine.event_key = charged.event_key
            AND quarantine.fingerprint = charged.fingerprint
            AND quarantine.reason = charged.charge
)

SELECT
    counted.event_key,
    counted.batch_id,
    counted."position",
    counted.charge,
    CASE
        WHEN counted.charge IS NULL AND counted.standing IS NULL AND counted._turn = 1 THEN 'loaded'
        WHEN counted.charge IS NULL OR counted.held IS NOT NULL OR counted.sibling > 1 THEN 'duplicate'
        WHEN counted.reason IS NULL THEN 'conflict'
        ELSE 'quarantined'
    END AS _verdict
FROM counted;
