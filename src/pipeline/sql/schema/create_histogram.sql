-- How often each value of a measure occurred in an hour, to three significant digits.
-- Creates: histogram_<type>
CREATE TABLE ${histogram} (
    _hour TIMESTAMPTZ NOT NULL,
    _slice INTEGER NOT NULL,
    _measure VARCHAR(64) NOT NULL,
    _value DOUBLE PRECISION,
    _events BIGINT NOT NULL${columns}
)
SORTKEY (_slice, _measure, _hour);
