-- The facts that enter, one row per event.
-- Creates: new_facts_<type> (temporary). Reads: judged_facts_<type>
CREATE TEMP TABLE ${new} DISTKEY (event_key) AS
SELECT
    ${columns},
    _replaced_time
FROM ${judged}
WHERE _verdict = 'loaded';
