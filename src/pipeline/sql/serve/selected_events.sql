-- Part of insert_exported: events as they are stored. Their data are the text that was sent, which
-- has every digit. JSON_SERIALIZE makes of NULL the text 'null', so NULL is kept from it.
-- Reads: events
selected AS (
    SELECT
        event_key,
        version,
        source,
        id,
        type,
        "time",
        received_at,
        entrance,
        batch_id,
        subject,
        dataschema,
        CASE WHEN extensions IS NOT NULL THEN JSON_SERIALIZE(extensions) END AS extensions,
        data_text AS "data"
    FROM events
    ${conditions}
)
