"""The grammar of filters as regular expressions, which JSON Schema can tell callers beforehand.

They are plain enough for every dialect: no look-around, no flags, `[0-9]` for a digit. What they
admit, the reader takes, but for days that a month does not have and more than 100 values: both
would make them longer than some engines compile.
"""

from collections.abc import Sequence

from pipeline.catalogue import Column
from pipeline.catalogue.columns import Kind
from pipeline.serve.asking.contract import MAX_TERMS

CHARACTER = r"(?:[^,|\\\x00]|\\[^\x00])"
# Years as the reader rounds them: 0002 to 9998.
YEAR = (
    r"(?:000[2-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])"
)
DAY = YEAR + r"-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
MOMENT = rf"{DAY}(?:[Tt]{CLOCK}:[0-5][0-9](?:\.[0-9]{{1,9}})?(?:[Zz]|[+-]{CLOCK}))?"
VALUES = {
    "string": f"{CHARACTER}*",
    "integer": r"-?(?:[0-8][0-9]{18}|9[01][0-9]{17}|[0-9]{1,18})",
    "number": r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?",
    "boolean": "(?:true|false)",
    "timestamp": MOMENT,
}
# A comparison with an empty text says nothing, and one of truths neither.
COMPARED = {**VALUES, "string": f"{CHARACTER}+", "boolean": None}
COMPARISON = "[<>]=?"


def filter_pattern(columns: Sequence[Column]) -> str:
    """Write the expression of filters on these columns."""
    kinds = dict.fromkeys(column.kind for column in columns)
    term = _any_of([_term(kind, [c.name for c in columns if c.kind == kind]) for kind in kinds])
    return f"^{term}(?:,{term}){{0,{MAX_TERMS - 1}}}$"


def list_pattern(names: Sequence[str], most: int) -> str:
    """Write the expression of names with commas between them."""
    name = _any_of(names)
    return f"^{name}(?:,{name}){{0,{most - 1}}}$"


def _term(kind: Kind, names: Sequence[str]) -> str:
    value, compared = VALUES[kind], COMPARED[kind]
    listed = rf"!?:{value}(?:\|{value})*"
    operations = [listed, f"{COMPARISON}{compared}"] if compared else [listed]
    return _any_of(names) + _any_of(operations)


def _any_of(choices: Sequence[str]) -> str:
    return f"(?:{'|'.join(choices)})"
