-- The reader only reads, and so does the check, of the ledger's tables.
-- Grants on: events, quarantine, loads, versions, facts_<type>
GRANT SELECT ON TABLE ${tables} TO ${user};
