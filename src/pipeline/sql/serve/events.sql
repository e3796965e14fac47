-- Events in the order of loading, as many as an answer holds, and the version of the data they are
-- told from. `found` is how many there are, up to one more than asked for. `reach` is the version in
-- which the page ends at the latest; only the numbers of versions are read to find it. What is sorted
-- is narrow, and long texts are joined to it once, from the page's own versions. They come in pieces
-- of 4,000 characters, for a row of a result may have 64 KB.
-- Texts get a sign before them, since in CSV NULL and '' look alike.
-- Reads: versions, events
WITH ${parts},

reach AS (
    SELECT MIN(version) AS version
    FROM (
        SELECT
            version,
            SUM(events) OVER (ORDER BY version ROWS UNBOUNDED PRECEDING) AS so_far
        FROM (
            SELECT
                version,
                COUNT(*) AS events
            FROM events
            ${later}
            GROUP BY version
        ) AS counted
    ) AS added
    WHERE so_far >= ${one_more}
),

nearest AS (
    SELECT
        version,
        event_key
    FROM events
    ${conditions}
    ORDER BY version, event_key
    LIMIT ${one_more}
),

placed AS (
    SELECT
        version,
        event_key,
        ROW_NUMBER() OVER (ORDER BY version, event_key) AS place
    FROM nearest
),

joined AS (
    SELECT
        placed.place,
        events.version,
        events.event_key,
        events.source,
        events.id,
        events.type,
        events."time",
        events.received_at,
        events.entrance,
        events.batch_id,
        events.subject,
        events.dataschema,
        events.data_text,
        events.extensions,
        CASE WHEN events.extensions IS NOT NULL THEN JSON_SIZE(events.extensions) ELSE 0 END AS extensions_size
    FROM placed
    INNER JOIN events ON placed.version = events.version AND placed.event_key = events.event_key
    WHERE
        events.version >= (SELECT MIN(version) FROM placed)
        AND events.version <= (SELECT MAX(version) FROM placed)
),

measured AS (
    SELECT
        joined.*,
        SUM(
            ${overhead}
            + COALESCE(OCTET_LENGTH(source), 0)
            + COALESCE(OCTET_LENGTH(id), 0)
            + COALESCE(OCTET_LENGTH(type), 0)
            + COALESCE(OCTET_LENGTH(subject), 0)
            + COALESCE(OCTET_LENGTH(dataschema), 0)
            + COALESCE(OCTET_LENGTH(data_text), 0)
            + extensions_size
        ) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS bytes_so_far
    FROM joined
),

listed AS (
    SELECT
        place,
        version,
        event_key,
        source,
        id,
        type,
        "time",
        received_at,
        entrance,
        batch_id,
        subject,
        dataschema,
        data_text,
        CASE
            WHEN extensions IS NOT NULL AND extensions_size <= 65535 THEN JSON_SERIALIZE(extensions)
        END AS extensions
    FROM measured
    WHERE
        place <= ${limit}
        AND (place = 1 OR bytes_so_far <= ${bytes})
),

pieces AS (
    SELECT
        listed.place,
        parts.part,
        listed.version,
        listed.event_key,
        CASE WHEN parts.part = 0 THEN '=' || listed.source END AS source,
        CASE WHEN parts.part = 0 THEN '=' || listed.id END AS id,
        CASE WHEN parts.part = 0 THEN '=' || listed.type END AS type,
        CAST(listed."time" AS VARCHAR(64)) AS "time",
        CAST(listed.received_at AS VARCHAR(64)) AS received_at,
        '=' || listed.entrance AS entrance,
        '=' || listed.batch_id AS batch_id,
        CASE WHEN parts.part = 0 THEN '=' || listed.subject END AS subject,
        CASE WHEN parts.part = 0 THEN '=' || listed.dataschema END AS dataschema,
        '=' || SUBSTRING(listed.extensions, parts.part * 4000 + 1, 4000) AS extensions,
        '=' || SUBSTRING(listed.data_text, parts.part * 4000 + 1, 4000) AS data_text
    FROM listed
    CROSS JOIN parts
    WHERE
        parts.part = 0
        OR LEN(listed.extensions) > parts.part * 4000
        OR LEN(listed.data_text) > parts.part * 4000
)

SELECT
    latest.version AS data_version,
    counted.found,
    pieces.place,
    pieces.event_key,
    pieces.version,
    pieces.source,
    pieces.id,
    pieces.type,
    pieces."time",
    pieces.received_at,
    pieces.entrance,
    pieces.batch_id,
    pieces.subject,
    pieces.dataschema,
    pieces.extensions,
    pieces.data_text
FROM (SELECT MAX(version) AS version FROM versions) AS latest
CROSS JOIN (SELECT COUNT(*) AS found FROM placed) AS counted
LEFT JOIN pieces ON pieces.place > 0
ORDER BY pieces.place, pieces.part;
