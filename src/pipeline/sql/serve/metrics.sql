-- One statistic of one event type, by time and dimensions.
-- Reads: facts_<type>
SELECT
    ${bucket} AS bucket,
    COUNT(*) AS event_count,
    ${value} AS metric${dimensions}
FROM ${table}
${conditions}
${grouping}
LIMIT ${limit};
