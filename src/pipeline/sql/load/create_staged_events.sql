-- Rows as they lie in the lake; JSON is still text.
-- Creates: staged_events (temporary)
CREATE TEMP TABLE staged_events (
    event_key VARCHAR(64) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    entrance VARCHAR(16),
    received_at TIMESTAMPTZ,
    source VARCHAR(8192),
    id VARCHAR(1024),
    type VARCHAR(1024),
    "time" TIMESTAMPTZ,
    subject VARCHAR(8192),
    dataschema VARCHAR(8192),
    extensions VARCHAR(65535),
    data VARCHAR(65535),
    reason VARCHAR(256),
    path VARCHAR(8192),
    detail VARCHAR(8192),
    payload VARCHAR(65535),
    batch_id VARCHAR(256),
    "position" BIGINT,
    correlation_id VARCHAR(64)
)
DISTKEY (event_key);
