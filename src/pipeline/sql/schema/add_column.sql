-- A property that the catalogue has gained.
-- Alters: facts_<type>
ALTER TABLE ${table} ADD COLUMN ${column};
