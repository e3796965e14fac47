-- One event by its key with what was quarantined beside it, the earliest 20, and what the ledger
-- knows of the batch that brought it. A row of a result may have 64 KB, so long texts come in pieces
-- of 4,000 characters: 17 hold the longest VARCHAR. JSON_SERIALIZE makes of NULL the text 'null', so
-- NULL is kept from it. Where nothing is known there is one row that tells the version alone.
-- Reads: events, quarantine, loads, versions
WITH ${parts},

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
        correlation_id,
        subject,
        dataschema,
        CAST(NULL AS VARCHAR(256)) AS reason,
        CAST(NULL AS VARCHAR(8192)) AS path,
        CAST(NULL AS VARCHAR(8192)) AS detail,
        data_text AS body,
        CASE
            WHEN extensions IS NOT NULL AND JSON_SIZE(extensions) <= 65535
                THEN JSON_SERIALIZE(extensions)
        END AS extensions,
        version,
        CAST(NULL AS TIMESTAMPTZ) AS quarantined_at
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
        correlation_id,
        CAST(NULL AS VARCHAR(8192)) AS subject,
        CAST(NULL AS VARCHAR(8192)) AS dataschema,
        reason,
        path,
        detail,
        payload AS body,
        CAST(NULL AS VARCHAR(65535)) AS extensions,
        CAST(NULL AS BIGINT) AS version,
        quarantined_at
    FROM quarantine
    WHERE event_key = :event_key
),

ledger AS (
    SELECT
        batch_id,
        kind,
        object_key,
        row_count,
        announced_at,
        loaded_at,
        ROW_NUMBER() OVER (PARTITION BY batch_id, kind ORDER BY loaded_at, object_key) AS turn
    FROM loads
    WHERE batch_id IN (SELECT batch_id FROM found)
)

SELECT
    latest.version AS data_version,
    found.place,
    found.fingerprint,
    found.source,
    found.id,
    found.type,
    found."time",
    found.received_at,
    found.entrance,
    found.batch_id,
    found.correlation_id,
    found.subject,
    found.dataschema,
    found.reason,
    found.path,
    found.detail,
    SUBSTRING(found.body, parts.part * 4000 + 1, 4000) AS body,
    SUBSTRING(found.extensions, parts.part * 4000 + 1, 4000) AS extensions,
    found.version,
    COALESCE(found.quarantined_at, staged.loaded_at) AS kept_at,
    staged.object_key,
    staged.announced_at AS staged_at,
    prepared.row_count AS facts,
    prepared.announced_at AS prepared_at
FROM (SELECT MAX(version) AS version FROM versions) AS latest
CROSS JOIN parts
LEFT JOIN found ON found.place <= 20
LEFT JOIN ledger AS staged
    ON
        found.batch_id = staged.batch_id
        AND staged.kind = 'events'
        AND staged.turn = 1
LEFT JOIN ledger AS prepared
    ON
        found.place = 0
        AND found.batch_id = prepared.batch_id
        AND prepared.kind = 'facts:' || found.type
        AND prepared.turn = 1
WHERE (parts.part = 0 OR LEN(found.body) > parts.part * 4000 OR LEN(found.extensions) > parts.part * 4000)
ORDER BY found.place, parts.part;
