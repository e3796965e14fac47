-- Loads take turns with this.
-- Locks: load_mutex
LOCK load_mutex;
