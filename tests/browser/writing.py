"""How the dashboard writes numbers and moments, worked out anew from what its README promises."""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

NONE, NO_NUMBER, MINUS = "(none)", "\N{EN DASH}", "\N{MINUS SIGN}"
COLUMNS_OF_NUMBERS = ("count", "value")

Row = dict[str, str | None]


def written_rows(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Write the rows of a table, each column of numbers with digits of its own."""
    digits = {name: digits_of([row.get(name) for row in rows]) for name in COLUMNS_OF_NUMBERS}
    return [
        {
            name: written(value, digits[name]) if name in digits else value or NONE
            for name, value in row.items()
        }
        for row in rows
    ]


def digits_of(numbers: Sequence[str | None]) -> int:
    """Choose digits after the point: to three of the greatest, one at least and two at most."""
    known = [abs(Decimal(number)) for number in numbers if number is not None]
    if all(number == int(number) for number in known):
        return 0
    greatest = max(known)
    most = 6 if greatest < Decimal("0.1") else 2
    return min(max(2 - greatest.adjusted(), 1), most)


def written(number: str | None, digits: int = 0) -> str:
    """Write a number with so many digits after the point, halves away from zero."""
    if number is None:
        return NO_NUMBER
    rounded = Decimal(number).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded:,}".replace("-", MINUS)


def written_day(day: datetime) -> str:
    """Write a day as the cursor of a chart is told of it."""
    return f"{day:%a}, {day.day} {short_month(day)} {day.year}"


def written_minute(minute: datetime) -> str:
    """Write a minute as the cursor of a chart is told of it."""
    return f"{minute.day} {short_month(minute)}, {minute:%H:%M}"


def written_moment(moment: datetime) -> str:
    """Write a moment as the state of the pipeline does."""
    return f"{moment.day} {short_month(moment)} {moment.year}, {moment:%H:%M}"


def short_month(day: datetime) -> str:
    """Name a month as it is shortened in Britain."""
    return f"{day:%b}".replace("Sep", "Sept")
