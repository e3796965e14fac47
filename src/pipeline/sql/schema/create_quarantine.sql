-- What could not be taken, with the reason and the place; once by key, fingerprint and reason.
-- Creates: quarantine
CREATE TABLE IF NOT EXISTS quarantine (
    event_key VARCHAR(64) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    reason VARCHAR(256) NOT NULL,
    path VARCHAR(8192),
    detail VARCHAR(8192),
    payload VARCHAR(65535),
    source VARCHAR(8192),
    id VARCHAR(1024),
    type VARCHAR(1024),
    entrance VARCHAR(16),
    received_at TIMESTAMPTZ,
    batch_id VARCHAR(256),
    quarantined_at TIMESTAMPTZ,
    correlation_id VARCHAR(64)
)
DISTKEY (event_key)
SORTKEY (received_at);
