-- The next version of the data. Loads take turns, so versions commit in their order.
-- Writes: versions
INSERT INTO versions (version, committed_at)
SELECT
    COALESCE(MAX(version), 0) + 1,
    GETDATE()
FROM versions;
