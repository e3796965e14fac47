-- One measure's values, to three significant digits, with their hours.
-- Reads: facts_<type>, new_facts_<type> (temporary)
SELECT
    DATE_TRUNC('hour', "time") AS _hour,
    CAST('${measure}' AS VARCHAR(64)) AS _measure,
    ${value} AS _value${names}
FROM ${table}
${within}
