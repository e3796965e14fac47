-- What this load was told to load.
-- Creates: announced (temporary)
CREATE TEMP TABLE announced (
    batch_id VARCHAR(256),
    kind VARCHAR(256),
    object_key VARCHAR(1024),
    row_count BIGINT,
    announced_at TIMESTAMPTZ
);
