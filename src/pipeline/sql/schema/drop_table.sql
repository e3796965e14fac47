-- A rollup or histogram of an earlier definition; all it held is in the facts.
-- Alters: rollup_<type>, histogram_<type>
DROP TABLE IF EXISTS ${table};
