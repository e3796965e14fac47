-- The ledger: one row per loaded object of the lake, with what became of its rows.
-- Creates: loads
CREATE TABLE IF NOT EXISTS loads (
    batch_id VARCHAR(256) NOT NULL,
    kind VARCHAR(256) NOT NULL,
    object_key VARCHAR(1024),
    row_count BIGINT,
    loaded BIGINT,
    duplicates BIGINT,
    conflicts BIGINT,
    quarantined BIGINT,
    loaded_at TIMESTAMPTZ,
    announced_at TIMESTAMPTZ
)
SORTKEY (loaded_at);
