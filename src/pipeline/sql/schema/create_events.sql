-- Every event that stands, once by its key. `data` is for questions in SQL; `data_text` keeps the
-- digits as they were sent, which SUPER does not promise; `version` is that of the load, in whose
-- order events are paged through. Sorted by it, for then what a load appends is in order already, and
-- a page reads only the blocks that it lies in; blocks still know their least and greatest `time`.
-- Creates: events
CREATE TABLE IF NOT EXISTS events (
    event_key VARCHAR(64) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    source VARCHAR(8192),
    id VARCHAR(1024),
    type VARCHAR(1024),
    "time" TIMESTAMPTZ,
    received_at TIMESTAMPTZ,
    entrance VARCHAR(16),
    subject VARCHAR(8192),
    dataschema VARCHAR(8192),
    batch_id VARCHAR(256),
    extensions SUPER,
    data SUPER,
    data_text VARCHAR(65535),
    version BIGINT,
    correlation_id VARCHAR(64)
)
DISTKEY (event_key)
SORTKEY (version);
