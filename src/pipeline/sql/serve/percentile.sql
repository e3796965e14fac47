-- Part of metrics: a percentile, the least value that so many percent of the values do not exceed,
-- from how often each value occurred.
-- Reads: facts_<type> or histogram_<type>
bins AS (
    SELECT
        ${bucket} AS bucket,
        ${value} AS bin,
        ${events} AS events${dimensions}
    FROM ${table}
    ${conditions}
    ${binning}
),

reached AS (
    SELECT
        bucket,
        bin,
        SUM(events) OVER (PARTITION BY bucket${groups}) AS event_count,
        SUM(CASE WHEN bin IS NOT NULL THEN events ELSE 0 END)
            OVER (PARTITION BY bucket${groups}) AS known,
        SUM(events)
            OVER (
                PARTITION BY bucket${groups} ORDER BY bin NULLS LAST
                ROWS UNBOUNDED PRECEDING
            ) AS so_far${groups}
    FROM bins
),

answer AS (
    SELECT
        bucket,
        event_count,
        MIN(CASE WHEN bin IS NOT NULL AND so_far * 100 >= known * ${percent} THEN bin END) AS metric,
        known AS value_count${groups}
    FROM reached
    GROUP BY bucket, event_count, known${groups}
)
