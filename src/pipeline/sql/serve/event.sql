-- One event by its key with what was quarantined beside it, the earliest 20. A row of a result may
-- have 64 KB, so long texts come in pieces of 4,000 characters: 17 hold the longest VARCHAR.
-- JSON_SERIALIZE makes of NULL the text 'null', so NULL is kept from it.
-- Reads: events, quarantine
WITH parts AS (
    SELECT 0 AS part
    UNION ALL SELECT 1
    UNION ALL SELECT 2
    UNION ALL SELECT 3
    UNION ALL SELECT 4
    UNION ALL SELECT 5
    UNION ALL SELECT 6
    UNION ALL SELECT 7
    UNION ALL SELECT 8
    UNION ALL SELECT 9
    UNION ALL SELECT 10
    UNION ALL SELECT 11
    UNION ALL SELECT 12
    UNION ALL SELECT 13
    UNION ALL SELECT 14
    UNION ALL SELECT 15
    UNION ALL SELECT 16
),

found AS (
    SELECT
        0 AS place,
        fingerprint,
        source,
        id,
        type,
        "time",
        received_at,
        entrance,
        batch_id,
        subject,
        dataschema,
        CAST(NULL AS VARCHAR(256)) AS reason,
        CAST(NULL AS VARCHAR(8192)) AS path,
        CAST(NULL AS VARCHAR(8192)) AS detail,
        data_text AS body,
        CASE WHEN extensions IS NOT NULL THEN JSON_SERIALIZE(extensions) END AS extensions
    FROM events
    WHERE event_key = :event_key
    UNION ALL
    SELECT
        ROW_NUMBER() OVER (ORDER BY received_at, fingerprint, reason) AS place,
        fingerprint,
        source,
        id,
        type,
        CAST(NULL AS TIMESTAMPTZ) AS "time",
        received_at,
        entrance,
        batch_id,
        CAST(NULL AS VARCHAR(8192)) AS subject,
        CAST(NULL AS VARCHAR(8192)) AS dataschema,
        reason,
        path,
        detail,
        payload AS body,
        CAST(NULL AS VARCHAR(65535)) AS extensions
    FROM quarantine
    WHERE event_key = :event_key
)

SELECT
    found.place,
    found.fingerprint,
    found.source,
    found.id,
    found.type,
    found."time",
    found.received_at,
    found.entrance,
    found.batch_id,
    found.subject,
    found.dataschema,
    found.reason,
    found.path,
    found.detail,
    SUBSTRING(found.body, parts.part * 4000 + 1, 4000) AS body,
    SUBSTRING(found.extensions, parts.part * 4000 + 1, 4000) AS extensions
FROM found
CROSS JOIN parts
WHERE
    found.place <= 20
    AND (parts.part = 0 OR LEN(found.body) > parts.part * 4000 OR LEN(found.extensions) > parts.part * 4000)
ORDER BY found.place, parts.part;
