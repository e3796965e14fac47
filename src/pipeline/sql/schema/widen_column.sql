-- A text property whose maxLength has grown. Redshift runs this outside of transactions only.
-- Alters: facts_<type>
ALTER TABLE ${table} ALTER COLUMN ${column} TYPE ${type};
