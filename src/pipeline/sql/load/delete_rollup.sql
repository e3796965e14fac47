-- Hours that this load touches, before they are summed up anew; by both times of a replaced row.
-- Writes: rollup_<type> or histogram_<type>. Reads: new_facts_<type> (temporary)
DELETE FROM ${rollup}
WHERE _hour IN (
    SELECT DATE_TRUNC('hour', "time") FROM ${new}
    UNION
    SELECT DATE_TRUNC('hour', _replaced_time) FROM ${new}
);
