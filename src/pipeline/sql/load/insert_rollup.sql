-- Hours summed up from the facts, once for each slice; late events only touch their own hours.
-- Writes: rollup_<type>. Reads: facts_<type>, new_facts_<type> (temporary)
INSERT INTO ${rollup} (_hour, _slice, _events${names})
SELECT
    _hour,
    ${slice} AS _slice,
    COUNT(*) AS _events${values}
FROM (
    SELECT
        ${table}.*,
        DATE_TRUNC('hour', "time") AS _hour
    FROM ${table}
    ${within}
) AS placed
GROUP BY ${grouping};
