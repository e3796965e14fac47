-- The loader merges into and locks its tables.
-- Grants on: events, quarantine, loads, load_mutex, facts_<type>
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE ${tables} TO ${user};
