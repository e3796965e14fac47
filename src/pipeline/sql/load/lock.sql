-- First of a load: the snapshot is taken by the statement after it, so that a second loader sees
-- all that the first one kept.
-- Locks: load_mutex
LOCK load_mutex;
