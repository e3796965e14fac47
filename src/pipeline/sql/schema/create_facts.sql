-- The typed columns of one event type, from the catalogue; once by event_key.
-- Creates: facts_<type>
CREATE TABLE IF NOT EXISTS ${table} (
    event_key VARCHAR(64) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    batch_id VARCHAR(256),
    "time" TIMESTAMPTZ,
    anomalies VARCHAR(8192)${columns}
)
DISTKEY (event_key)
SORTKEY ("time");
