-- The announcements, each value a parameter.
-- Writes: announced (temporary)
INSERT INTO announced (batch_id, kind, object_key, row_count, announced_at) VALUES ${rows};
