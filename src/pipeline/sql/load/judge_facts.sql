-- The verdict on every staged row of facts. It enters only beside the very event that stands; the
-- batch that brought the event owns its facts, another batch's fill in only where none are yet.
-- Creates: judged_facts_<type> (temporary). Reads: staged_facts_<type>, facts_<type>, events
CREATE TEMP TABLE ${judged} DISTKEY (event_key) AS
WITH placed AS (
    SELECT
        ${staged}.*,
        ${table}."time" AS _replaced_time,
        CASE
            WHEN events.event_key IS NULL THEN 'missing'
            WHEN events.fingerprint <> ${staged}.fingerprint THEN 'conflict'
            WHEN events.batch_id = ${staged}.batch_id OR ${table}.event_key IS NULL THEN 'loaded'
            ELSE 'duplicate'
        END AS _place,
        ROW_NUMBER() OVER (
            PARTITION BY ${staged}.event_key, ${staged}.fingerprint
            ORDER BY
                CASE WHEN events.batch_id = ${staged}.batch_id THEN 0 ELSE 1 END,
                ${staged}.batch_id,
                ${staged}."time"
        ) AS _turn
    FROM ${staged}
    LEFT JOIN events ON events.event_key = ${staged}.event_key
    LEFT JOIN ${table} ON ${table}.event_key = ${staged}.event_key
)

SELECT
    placed.*,
    CASE WHEN placed._place = 'loaded' AND placed._turn > 1 THEN 'duplicate' ELSE placed._place END AS _verdict
FROM placed;
