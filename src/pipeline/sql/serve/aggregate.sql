-- Part of metrics: a statistic that is one aggregate.
-- Reads: facts_<type> or rollup_<type>
answer AS (
    SELECT
        ${bucket} AS bucket,
        ${events} AS event_count,
        ${value} AS metric,
        ${values} AS value_count${dimensions}
    FROM ${table}
    ${conditions}
    ${grouping}
)
