"""A checked question as one SQL statement: names from the catalogue, every value a parameter."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from pipeline.catalogue import Column
from pipeline.serve.asking.contract import PERCENTILES
from pipeline.serve.asking.filters import Term
from pipeline.serve.asking.moments import format_moment
from pipeline.serve.asking.question import Question
from pipeline.serve.asking.zones import UTC_NAME, has_whole_hours
from pipeline.serve.querying.source import Source
from pipeline.serve.querying.unloading import Field, Selection
from pipeline.sql import quoted, statement

# Parameters are text; a comparison casts them to the type of the column.
CASTS = {
    "string": "{0}",
    "integer": "CAST({0} AS BIGINT)",
    "number": "CAST({0} AS DOUBLE PRECISION)",
    "boolean": "CAST({0} AS BOOLEAN)",
    "timestamp": "CAST({0} AS TIMESTAMPTZ)",
}
# In CSV, NULL and '' look alike: texts get a sign before them. Truth is a number everywhere.
SELECTED = {
    "string": "'=' || {0}",
    "integer": "{0}",
    "number": "{0}",
    "boolean": "CASE WHEN {0} THEN 1 WHEN NOT {0} THEN 0 END",
    "timestamp": "CAST({0} AS VARCHAR(64))",
}
AS_STORED = dict.fromkeys(SELECTED, "{0}")
# Groups come after bucket, event_count, metric and value_count; in bins, after three of their own.
FIXED_COLUMNS, BIN_COLUMNS = 4, 3
# The columns of an export that every question has, and the one by which it is ordered.
BUCKET, COUNT, VALUES, PLACE = (
    Field("bucket", "string", 32),
    Field("count", "integer"),
    Field("values", "integer"),
    Field("_place", "integer"),
)
ONE_ROW = (
    "(SELECT 1 AS place) AS first_place\n    LEFT JOIN clocked ON first_place.place = clocked.place"
)
GREATEST = sys.float_info.max

Parameters = dict[str, str]


def metrics_query(question: Question, source: Source) -> tuple[str, Parameters]:
    """Make the statement, asking for one row more than the limit, and its parameters.

    Its first row tells the version of the data, even where there is nothing else to tell.
    """
    answer, parameters = _answer(question, source, SELECTED)
    sql = statement(
        "serve/metrics",
        answer=answer,
        order=_order(question),
        groups="".join(f",\n    placed.{name}" for name in _groups(question)),
        limit=str(question.limit + 1),
    )
    if _is_local(question):
        parameters["timezone"] = question.timezone
    return sql, parameters


def metrics_selection(question: Question, source: Source) -> Selection:
    """Make the selection of an export: as metrics_query tells, but every row, and NULL as NULL."""
    answer, parameters = _answer(question, source, AS_STORED)
    if in_zone := question.interval != "none" and question.timezone != UTC_NAME:
        parameters["timezone"] = question.timezone
    places = zip(question.group_by, _groups(question), strict=True)
    sql = statement(
        "serve/selected_metrics",
        answer=answer,
        order=_order(question),
        moment=_moment(question),
        clock="CONVERT_TIMEZONE('UTC', :timezone, placed.moment)" if in_zone else "placed.moment",
        groups="".join(f",\n        clocked.{at} AS {quoted(c.name)}" for c, at in places),
        value=_exported_value(question),
        rows="clocked" if _is_grouped(question) else ONE_ROW,
    )
    dimensions = (Field(c.name, c.kind, c.max_bytes) for c in question.group_by)
    fields = (BUCKET, *dimensions, COUNT, Field("value", _kind_of_value(question)), VALUES)
    return Selection(sql, parameters, fields, (PLACE,))


def _answer(
    question: Question, source: Source, selected: Mapping[str, str]
) -> tuple[str, Parameters]:
    parameters = Parameters()
    conditions = [
        *source.conditions,
        *span_conditions(source.time, question.start, question.end, parameters),
        *filter_conditions(question.terms, parameters),
    ]
    where = where_all(conditions)
    write = _percentile if question.stat in PERCENTILES else _aggregate
    return write(question, source, where, selected), parameters


def _aggregate(question: Question, source: Source, where: str, selected: Mapping[str, str]) -> str:
    return statement(
        "serve/aggregate",
        bucket=_bucket(question, source),
        events=source.events,
        value=_value(question, source),
        values=_values(question, source),
        dimensions=_dimensions(question, selected),
        table=source.table,
        conditions=where,
        grouping=_grouped(_places(question, FIXED_COLUMNS)),
    )


def _percentile(question: Question, source: Source, where: str, selected: Mapping[str, str]) -> str:
    assert question.measure is not None  # noqa: S101 (a percentile has one)
    groups = "".join(f",\n    {name}" for name in _groups(question))
    return statement(
        "serve/percentile",
        bucket=_bucket(question, source),
        value=source.value(question.measure),
        events=source.events,
        dimensions=_dimensions(question, selected),
        table=source.table,
        conditions=where,
        binning=_grouped([*_places(question, BIN_COLUMNS), "2"]),
        groups=groups,
        percent=str(PERCENTILES[question.stat]),
    )


def _bucket(question: Question, source: Source) -> str:
    """Spell the start of a bucket in seconds: of Unix, or of the zone's clock from days on."""
    interval, time = question.interval, source.time
    if interval == "none":
        return "CAST(NULL AS BIGINT)"
    utc = f"CAST({time} AS TIMESTAMP)"
    if not _is_local(question):
        return _seconds(f"DATE_TRUNC('{interval}', {utc})")
    local = f"CONVERT_TIMEZONE(:timezone, {utc})"  # from UTC, if no other zone is named
    floor = f"DATE_TRUNC('{interval}', {local})"
    if interval in ("minute", "hour"):  # on the clock, an hour comes twice when summer ends
        return f"{_seconds(floor)} - {_seconds(local)} + {_seconds(time)}"
    return _seconds(floor)


def _moment(question: Question) -> str:
    """Spell the moment (UTC) at which a bucket begins."""
    seconds = "TIMESTAMP 'epoch' + answer.bucket * INTERVAL '1 second'"
    if not _is_local(question) or question.interval in ("minute", "hour"):
        return seconds
    return f"CONVERT_TIMEZONE(:timezone, 'UTC', {seconds})"


def _seconds(moment: str) -> str:
    return f"CAST(EXTRACT(EPOCH FROM {moment}) AS BIGINT)"


def _is_local(question: Question) -> bool:
    """Tell whether buckets depend on the zone's clock."""
    if question.interval == "none" or question.timezone == UTC_NAME:
        return False
    short = question.interval in ("minute", "hour")
    return not (short and has_whole_hours(question.timezone))


def _value(question: Question, source: Source) -> str:
    measure = question.measure
    if measure is None:
        return source.events
    if question.stat == "distinct":
        return f"COUNT(DISTINCT {quoted(measure.name)})"
    if question.stat == "avg":
        total = f"CAST({source.total(measure)} AS DOUBLE PRECISION)"
        return f"{total} / NULLIF({source.counted(measure)}, 0)"
    spelled = {
        "count": source.counted, "sum": source.total, "min": source.least, "max": source.greatest,
    }  # fmt: skip
    return spelled[question.stat](measure)


def _values(question: Question, source: Source) -> str:
    """Spell how many events of a row have what the value is made of."""
    measure = question.measure
    if measure is None:
        return source.events
    return source.counted(measure) if measure.role == "measure" else source.filled(measure)


def _kind_of_value(question: Question) -> str:
    measure, stat = question.measure, question.stat
    if measure is None or stat in ("count", "distinct"):
        return "integer"
    if measure.kind != "integer" or stat == "avg":
        return "number"
    return "total" if stat == "sum" else "integer"


def _exported_value(question: Question) -> str:
    if _kind_of_value(question) != "number":
        return "clocked.metric"
    # A sum that overflowed is NULL: JSON has no word for it.
    return f"CASE WHEN ABS(clocked.metric) <= CAST('{GREATEST}' AS DOUBLE PRECISION) THEN clocked.metric END"


def _is_grouped(question: Question) -> bool:
    return bool(question.group_by) or question.interval != "none"


def _dimensions(question: Question, selected: Mapping[str, str]) -> str:
    spelled = (selected[c.kind].format(quoted(c.name)) for c in question.group_by)
    named = zip(spelled, _groups(question), strict=True)
    return "".join(f",\n    {sql} AS {name}" for sql, name in named)


def _groups(question: Question) -> list[str]:
    return [f"group_{number}" for number in range(len(question.group_by))]


def _places(question: Question, before: int) -> list[str]:
    first = [] if question.interval == "none" else ["1"]
    return [*first, *(str(before + n) for n in range(1, len(question.group_by) + 1))]


def _grouped(places: Iterable[str]) -> str:
    listed = ", ".join(places)
    return f"GROUP BY {listed}" if listed else ""


def _order(question: Question) -> str:
    """Order by what was asked, then by bucket and groups, so that the order is always the same."""
    names = {
        column.name: group
        for column, group in zip(question.group_by, _groups(question), strict=True)
    }
    names |= {"bucket": "bucket", "count": "event_count", "value": "metric"}
    fields = {
        names[field.removeprefix("-")]: "DESC" if field.startswith("-") else "ASC"
        for field in question.order
    }
    for rest in ("bucket", *_groups(question)):
        fields.setdefault(rest, "ASC")
    return ", ".join(f"answer.{name} {way} NULLS LAST" for name, way in fields.items())


def where_all(conditions: Sequence[str]) -> str:
    """Spell the clause that all of the conditions must hold, if there are any."""
    return "WHERE " + " AND ".join(conditions) if conditions else ""


def span_conditions(
    time: str, start: datetime | None, end: datetime | None, parameters: Parameters
) -> Iterator[str]:
    """Spell the ends of a span of time, and put them into the parameters."""
    for name, sign, moment in (("start", ">=", start), ("end", "<", end)):
        if moment:
            parameters[f"{name}_time"] = format_moment(moment)
            yield f"{time} {sign} CAST(:{name}_time AS TIMESTAMPTZ)"


def filter_conditions(terms: Iterable[Term], parameters: Parameters) -> Iterator[str]:
    """Spell the terms of a filter, and put their values into the parameters."""
    for place, term in enumerate(terms):
        name = quoted(term.column.name)
        values = [_bound(term.column, value, f"filter_{place}_{n}", parameters)
                  for n, value in enumerate(term.values)]  # fmt: skip
        if term.operator == "in":
            yield f"{name} IN ({', '.join(values)})"
        elif term.operator == "not in":
            yield f"({name} NOT IN ({', '.join(values)}) OR {name} IS NULL)"
        else:
            yield f"{name} {term.operator} {values[0]}"


def _bound(column: Column, value: str, name: str, parameters: Parameters) -> str:
    if not value:  # the Data API cannot bind an empty text
        return "''"
    parameters[name] = value
    return CASTS[column.kind].format(f":{name}")
