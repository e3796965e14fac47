-- One statistic of one event type, by time and dimensions, and the version of the data it tells.
-- Reads: versions, and facts_<type>, rollup_<type> or histogram_<type>
WITH ${answer},

placed AS (
    SELECT
        answer.*,
        ROW_NUMBER() OVER (ORDER BY ${order}) AS place
    FROM answer
)

SELECT
    latest.version,
    placed.bucket,
    placed.event_count,
    placed.metric,
    placed.value_count${groups}
FROM (SELECT MAX(version) AS version FROM versions) AS latest
LEFT JOIN placed ON placed.place <= ${limit}
ORDER BY placed.place;
