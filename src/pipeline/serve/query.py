"""A checked question as one SQL statement: names from the catalogue, every value a parameter."""

from collections.abc import Iterator

from pipeline.catalogue import Column
from pipeline.serve.moments import format_moment
from pipeline.serve.question import Question
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
AGGREGATES = {
    "count": "COUNT({0})",
    "sum": "SUM({0})",
    # The sum of a BIGINT is a BIGINT: two great values would fail every question over them.
    "sum of integers": "SUM(CAST({0} AS NUMERIC(38, 0)))",
    # AVG of integers is an integer in Redshift.
    "avg": "AVG(CAST({0} AS DOUBLE PRECISION))",
    "min": "MIN({0})",
    "max": "MAX({0})",
}
FIXED_COLUMNS = 3  # bucket, event_count, metric


def metrics_query(question: Question) -> tuple[str, dict[str, str]]:
    """Make the statement, asking for one row more than the limit, and its parameters."""
    conditions, parameters = _conditions(question)
    dimensions = [SELECTED[c.kind].format(quoted(c.name)) for c in question.group_by]
    sql = statement(
        "serve/metrics",
        bucket=_bucket(question),
        value=_value(question),
        dimensions="".join(f",\n    {sql} AS group_{n}" for n, sql in enumerate(dimensions)),
        table=quoted(question.event_type.table),
        conditions="WHERE " + " AND ".join(conditions) if conditions else "",
        grouping=_grouping(question),
        limit=str(question.limit + 1),
    )
    return sql, parameters


def _bucket(question: Question) -> str:
    if question.interval == "none":
        return "CAST(NULL AS BIGINT)"
    return f"CAST(EXTRACT(EPOCH FROM DATE_TRUNC('{question.interval}', \"time\")) AS BIGINT)"


def _value(question: Question) -> str:
    column = quoted(question.measure.name) if question.measure else "*"
    whole = question.measure is not None and question.measure.kind == "integer"
    stat = "sum of integers" if whole and question.stat == "sum" else question.stat
    return AGGREGATES[stat].format(column)


def _grouping(question: Question) -> str:
    first = [] if question.interval == "none" else [1]
    after = range(FIXED_COLUMNS + 1, FIXED_COLUMNS + 1 + len(question.group_by))
    places = ", ".join(str(place) for place in [*first, *after])
    return f"GROUP BY {places}\nORDER BY {places}" if places else ""


def _conditions(question: Question) -> tuple[list[str], dict[str, str]]:
    conditions: list[str] = []
    parameters: dict[str, str] = {}
    for name, sign, moment in (("start", ">=", question.start), ("end", "<", question.end)):
        if moment:
            conditions.append(f'"time" {sign} CAST(:{name}_time AS TIMESTAMPTZ)')
            parameters[f"{name}_time"] = format_moment(moment)
    for place, (column, values) in enumerate(question.filters):
        tests = list(_tests(column, values, f"filter_{place}", parameters))
        conditions.append(f"({' OR '.join(tests)})")
    return conditions, parameters


def _tests(
    column: Column, values: tuple[str, ...], name: str, parameters: dict[str, str]
) -> Iterator[str]:
    for number, value in enumerate(values):
        if value:
            parameters[f"{name}_{number}"] = value
            yield f"{quoted(column.name)} = {CASTS[column.kind].format(f':{name}_{number}')}"
        else:  # the Data API cannot bind an empty text
            yield f"{quoted(column.name)} = ''"
