-- The typed columns of one event type, from the catalogue; once by event_key. One named encoding
-- turns ENCODE AUTO off, which could choose BYTEDICT for a text; such a text cannot be widened.
-- Creates: facts_<type>
CREATE TABLE IF NOT EXISTS ${table} (
    event_key VARCHAR(64) NOT NULL ENCODE ZSTD,
    fingerprint VARCHAR(64) NOT NULL,
    batch_id VARCHAR(256),
    "time" TIMESTAMPTZ,
    anomalies VARCHAR(8192)${columns}
)
DISTKEY (event_key)
SORTKEY ("time");
