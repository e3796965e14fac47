-- Part of event and events: the numbers of the pieces, of 4,000 characters each, in which long texts
-- come, for a row of a result may have 64 KB: 17 hold the longest VARCHAR.
-- Reads: nothing
parts AS (
    SELECT 0 AS part
    UNION ALL SELECT 1
    UNION ALL SELECT 2
    UNION ALL SELECT 3
    UNION ALL SELECT 4
    UNION ALL SELECT 5
    UNION ALL SELECT 6
    UNION ALL SELECT 7
    UNION ALL SELECT 8
    UNION ALL SELECT 9
    UNION ALL SELECT 10
    UNION ALL SELECT 11
    UNION ALL SELECT 12
    UNION ALL SELECT 13
    UNION ALL SELECT 14
    UNION ALL SELECT 15
    UNION ALL SELECT 16
)
