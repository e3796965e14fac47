-- The facts of the hours that this load touches; the bound spares the scan of older blocks.
-- Reads: facts_<type>, new_facts_<type> (temporary)
WHERE
    "time" >= (SELECT DATE_TRUNC('hour', MIN(LEAST("time", _replaced_time))) FROM ${new})
    AND DATE_TRUNC('hour', "time") IN (
        SELECT DATE_TRUNC('hour', "time") FROM ${new}
        UNION
        SELECT DATE_TRUNC('hour', _replaced_time) FROM ${new}
    )
