-- One row per load: the version of the data is the greatest, and moves when a load commits.
-- Creates: versions
CREATE TABLE IF NOT EXISTS versions (
    version BIGINT NOT NULL,
    committed_at TIMESTAMPTZ
)
SORTKEY (version);
