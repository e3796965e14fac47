"""What a data file is read into: one record for each row of the table, or for each error."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Flaw:
    """Why a record cannot be loaded, by the codes of the load error reference."""

    code: int
    message: str
    position: int = 0


class Record(NamedTuple):
    """One record: where it ends in its file, its text, and its fields or what is wrong."""

    line: int
    text: str
    fields: tuple[str | None, ...] = ()
    flaw: Flaw | None = None


DELIMITER_NOT_FOUND = Flaw(1214, "Delimiter not found")
EXTRA_COLUMNS = Flaw(1202, "Extra column(s) found")
INVALID_LINE = Flaw(1216, "Invalid quote formatting for CSV")
QUOTE_NOT_CLOSED = Flaw(1216, "Input line is not valid: a quotation mark is not closed")
INVALID_CHARACTERS = Flaw(1220, "String contains invalid or unsupported UTF8 codepoints")
NOT_JSON = Flaw(1216, "Invalid value: the input is no valid JSON object or array")
NOT_JSON_VALUE = Flaw(1224, "Input data not well formed JSON format for super data type")
NOT_IN_ARRAY = Flaw(1216, "Invalid JSONPath format: Not an array or index out of range.")
