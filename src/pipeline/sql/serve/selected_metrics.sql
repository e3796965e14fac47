-- Part of insert_exported: every row of a statistic, with its place in the order that was asked
-- for, and buckets as RFC 3339 writes them in a zone. A statistic without groups has one row, even
-- where there is nothing to tell.
-- Reads: facts_<type>, rollup_<type> or histogram_<type>
${answer},

placed AS (
    SELECT
        answer.*,
        ROW_NUMBER() OVER (ORDER BY ${order}) AS place,
        ${moment} AS moment
    FROM answer
),

clocked AS (
    SELECT
        placed.*,
        ${clock} AS clock
    FROM placed
),

selected AS (
    SELECT
        REPLACE(CAST(clocked.clock AS VARCHAR(32)), ' ', 'T')
        || CASE
            WHEN clocked.clock = clocked.moment THEN 'Z'
            WHEN clocked.clock > clocked.moment THEN '+'
            ELSE '-'
        END
        || CASE
            WHEN clocked.clock = clocked.moment THEN ''
            ELSE SUBSTRING(CAST(
                DATEADD(
                    MINUTE,
                    ABS(DATEDIFF(MINUTE, clocked.moment, clocked.clock)),
                    TIMESTAMP '2000-01-01 00:00:00'
                ) AS VARCHAR(32)
            ), 12, 5)
        END AS "bucket"${groups},
        COALESCE(clocked.event_count, 0) AS "count",
        ${value} AS "value",
        COALESCE(clocked.value_count, 0) AS "values",
        clocked.place AS _place
    FROM ${rows}
)
