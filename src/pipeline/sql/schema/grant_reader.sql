-- The reader only reads.
-- Grants on: events, quarantine, loads, facts_<type>
GRANT SELECT ON TABLE ${tables} TO ${user};
