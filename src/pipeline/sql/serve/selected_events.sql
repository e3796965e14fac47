-- Part of insert_exported: events as they are stored, their data as the text that was sent, which has
-- every digit, and as SUPER; data that SUPER cannot hold are a text there, too, so that none are lost.
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
        extensions,
        CASE WHEN data IS NOT NULL THEN data ELSE CAST(data_text AS SUPER) END AS "data",
        data_text
    FROM events
    ${conditions}
)
