-- Facts of one event type as they lie in the lake.
-- Creates: staged_facts_<type> (temporary)
CREATE TEMP TABLE ${staged} (LIKE ${table});
