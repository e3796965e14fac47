-- How often each value occurred in an hour, once for each slice.
-- Writes: histogram_<type>. Reads: facts_<type>, new_facts_<type> (temporary)
INSERT INTO ${histogram} (_hour, _slice, _measure, _value, _events${names})
SELECT
    _hour,
    ${slice} AS _slice,
    _measure,
    _value,
    COUNT(*) AS _events${names}
FROM (
    ${measured}
) AS placed
GROUP BY ${grouping};
