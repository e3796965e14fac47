-- Hours of one event type summed up: a row for each hour and combination of a slice's dimensions.
-- Creates: rollup_<type>
CREATE TABLE ${rollup} (
    _hour TIMESTAMPTZ NOT NULL,
    _slice INTEGER NOT NULL,
    _events BIGINT NOT NULL${columns}
)
SORTKEY (_slice, _hour);
