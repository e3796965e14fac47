-- The guarantee that a key is there once, whatever was judged before.
-- Writes: events. Reads: new_events (temporary)
MERGE INTO events
USING new_events
    ON events.event_key = new_events.event_key
WHEN MATCHED THEN UPDATE SET event_key = new_events.event_key
WHEN NOT MATCHED THEN INSERT (
    event_key, fingerprint, source, id, type, "time", received_at, entrance, subject, dataschema,
    batch_id, extensions, data, data_text, version, correlation_id
) VALUES (
    new_events.event_key, new_events.fingerprint, new_events.source, new_events.id,
    new_events.type, new_events."time", new_events.received_at, new_events.entrance,
    new_events.subject, new_events.dataschema, new_events.batch_id, new_events.extensions,
    new_events.data, new_events.data_text, new_events.version, new_events.correlation_id
);
