-- Always empty; only locked, so that two loaders take turns while readers never wait.
-- Creates: load_mutex
CREATE TABLE IF NOT EXISTS load_mutex (
    unused BOOLEAN
);
