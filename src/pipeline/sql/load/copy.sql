-- All objects of one kind, named one by one in a manifest; a missing one fails the load.
-- Writes: staged_events or staged_facts_<type> (temporary)
COPY ${staged}
FROM '${manifest}'
IAM_ROLE '${role}'
MANIFEST
GZIP
FORMAT AS JSON 'auto'
TIMEFORMAT 'auto'
COMPUPDATE OFF
STATUPDATE OFF;
