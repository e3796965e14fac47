"""Formats of numbers for TO_CHAR and TO_NUMBER: an allow-list of the guide's elements."""

import re
from dataclasses import dataclass

from local.redshift_data.dialect.scope import Compiled
from local.redshift_data.dialect.types import RedshiftType, numeric, varchar
from local.redshift_data.errors import NotEmulated, StatementError

_SHAPE = re.compile(
    r"(?P<fill>FM)?(?P<before>(?:SG|S|MI|PL|L|\$)*)"
    r"(?P<whole>[90][90,G]*)(?:[.D](?P<places>[90]+))?(?P<after>(?:SG|S|MI|PL|PR|L|\$|TH)*)",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"SG|S|MI|PL|PR|L|\$|TH", re.IGNORECASE)
_SIGNS = ("S", "SG", "MI", "PL", "PR")
_WIDEST_DECIMAL = 18
"""Digits: "TO_CHAR does not support 128-bit DECIMAL values"."""
_DIGITS_OF_FLOAT = 15
_ROMAN = (
    ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"),
    ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"),
    ("", "C", "CC", "CCC", "CD", "D", "DC", "DCC", "DCCC", "CM"),
    ("", "M", "MM", "MMM"),
)
_ROMAN_WIDTH = 15


@dataclass(frozen=True)
class Template:
    """A format of a number, taken to pieces."""

    text: str
    fill: bool
    """Whether FM leaves out what fills the width."""
    before: tuple[str, ...]
    after: tuple[str, ...]
    groups: tuple[int, ...]
    """How many digits of the whole part stand right of each separator, the most first."""
    digits: int
    leading: int
    """How many digits the whole part has at least: from the first 0 on."""
    places: int
    zeros: bool
    """Whether the places, if there are any, are all 0."""

    @property
    def signs(self) -> tuple[str, ...]:
        """The elements that place a sign."""
        return tuple(each for each in (*self.before, *self.after) if each.upper() in _SIGNS)


def template(format_: str) -> Template:
    """Take a format to pieces; raises NotEmulated for what is not on the allow-list."""
    found = _SHAPE.fullmatch(format_)
    if not found:
        raise NotEmulated(f"number format {format_}")
    whole = re.sub("[Gg]", ",", found["whole"])
    digits = whole.replace(",", "")
    read = Template(
        format_,
        bool(found["fill"]),
        tuple(_ELEMENT.findall(found["before"])),
        tuple(_ELEMENT.findall(found["after"])),
        tuple(len(whole[at:].replace(",", "")) for at, c in enumerate(whole) if c == ","),
        len(digits),
        len(digits) - digits.index("0") if "0" in digits else 0,
        len(found["places"] or ""),
        set(found["places"] or "0") == {"0"},
    )
    _check(read)
    return read


def _check(read: Template) -> None:
    """Refuse combinations of which the guide has no example and no rule."""
    if len(read.signs) > 1:
        raise NotEmulated(f"number format {read.text} with two signs")
    if "S" in map(str.upper, read.before[:-1]) or "PR" in map(str.upper, read.before):
        raise NotEmulated(f"number format {read.text}: a sign that is not next to the number")
    if read.fill and not read.zeros:
        raise NotEmulated(f"number format {read.text}: FM with 9 after the decimal point")


def formatted(value: Compiled, format_: str) -> Compiled:
    """Return a number as text."""
    if value.type.name == "numeric" and value.type.size > _WIDEST_DECIMAL:
        raise StatementError("TO_CHAR does not support 128-bit DECIMAL values")
    roman = re.fullmatch("(FM)?(RN|rn)", format_)
    if roman:
        return _roman(value, filled=not roman[1], small=roman[2] == "rn")
    read = template(format_)
    if "TH" in map(str.upper, read.after) and (read.places or not value.type.is_integer):
        raise NotEmulated("TH on a number that may have a fraction: cast it to INTEGER")
    if value.type.is_float and read.digits + read.places > _DIGITS_OF_FLOAT:
        raise NotEmulated("TO_CHAR of a FLOAT with more than 15 digits")
    return Compiled(_written(value, read), varchar(len(format_) + 4))


def _magnitude(value: Compiled, places: int) -> str:
    """Return the digits without a sign, rounded to the places."""
    if value.type.is_float:
        return f"format('{{:.{places}f}}', abs(CAST({value.sql} AS DOUBLE)))"
    wide = f"CAST({value.sql} AS DECIMAL(38,{max(value.type.scale, places)}))"
    return f"CAST(CAST(abs({wide}) AS DECIMAL(38,{places})) AS VARCHAR)"


def _written(value: Compiled, read: Template) -> str:
    number = f"rs_number_pieces({_magnitude(value, read.places)}, {read.digits}, {read.leading})"
    grouped = _grouped(read.groups)
    body = f"{grouped} || '.' || m.places" if read.places else grouped
    width = read.digits + len(read.groups) + (read.places + 1 if read.places else 0)
    negative = f"({value.sql} < 0)"
    parts = [
        *(_beside(each, negative) for each in read.before if each.upper() != "S"),
        _signed(body, negative, read, width),
        *(_beside(each, negative) for each in read.after if each.upper() != "PR"),
    ]
    written = " || ".join(parts)
    if read.fill:
        written = f"trim({written})"
    return f"list_transform([{number}], lambda m: CASE WHEN m IS NOT NULL THEN {written} END)[1]"


def _grouped(groups: tuple[int, ...]) -> str:
    """Return the whole part with its separators, each only where digits stand left of it."""
    pieces, before = [], None
    for right in groups:
        left = f"left(m.whole, strlen(m.whole) - {right})"
        piece = left if before is None else f"right({left}, {before - right})"
        pieces.append(f"CASE WHEN strlen(m.whole) > {right} THEN {piece} || ',' ELSE '' END")
        before = right
    pieces.append("m.whole" if before is None else f"right(m.whole, {before})")
    return " || ".join(pieces)


def _signed(body: str, negative: str, read: Template, width: int) -> str:
    """Return the number with the sign that stands next to it, filled up to its width."""
    signs = {each.upper() for each in read.signs}
    if "PR" in signs:
        sides = f"CASE WHEN {negative} THEN '<' || {body} || '>' ELSE ' ' || {body} || ' ' END"
        return sides if read.fill else f"lpad({sides}, {width + 2}, ' ')"
    if "S" in signs and "S" in map(str.upper, read.before):
        text, width = f"CASE WHEN {negative} THEN '-' ELSE '+' END || {body}", width + 1
    elif signs & {"S", "SG", "MI"}:
        text = body
    else:
        text, width = f"CASE WHEN {negative} THEN '-' ELSE ' ' END || {body}", width + 1
    return f"({text})" if read.fill else f"lpad({text}, {width}, ' ')"


def _beside(element: str, negative: str) -> str:
    """Return what an element puts beside the number."""
    name = element.upper()
    if name in ("L", "$"):
        return "'$'"
    if name == "TH":
        small = f"rs_ordinal(m.whole, {negative})"
        return f"upper({small})" if element == "TH" else small
    positive, minus = {"MI": (" ", "-"), "PL": ("+", " ")}.get(name, ("+", "-"))
    return f"CASE WHEN {negative} THEN '{minus}' ELSE '{positive}' END"


def _roman(value: Compiled, *, filled: bool, small: bool) -> Compiled:
    lists = ", ".join("[" + ", ".join(f"'{each}'" for each in row) + "]" for row in _ROMAN)
    text = f"rs_roman({_magnitude(value, 0)}, {value.sql} < 0, [{lists}])"
    text = f"lower({text})" if small else text
    sql = f"lpad({text}, {_ROMAN_WIDTH}, ' ')" if filled else text
    return Compiled(sql, varchar(_ROMAN_WIDTH))


def pattern(read: Template) -> str:
    """Return the expression that a text must match as a whole to be read by a template."""
    digits = "".join(
        (r"," if read.digits - at in read.groups else "") + r"\d" for at in range(read.digits)
    )
    number = digits + (rf"\.\d{{{read.places}}}" if read.places else "")
    before = "".join(_PATTERNS[each.upper()] for each in read.before)
    after = "".join(_PATTERNS[each.upper()] for each in read.after)
    if "PR" in (each.upper() for each in read.after):
        number, after = rf"(?:<{number}>|{number})", ""
    free = r"-?" if not read.signs else ""
    return rf"\s*{before}\s*{free}{number}{after}\s*"


_PATTERNS = {"S": "[-+]", "SG": "[-+]", "MI": "[- ]?", "PL": r"\+?", "L": r"\$", "$": r"\$",
             "PR": ""}  # fmt: skip


def read_number(text: Compiled, format_: str) -> Compiled:
    """Return text as the DECIMAL of the template's digits; what does not fit it is refused."""
    if re.search("TH|RN|CC", format_.upper()):
        raise NotEmulated(f"TO_NUMBER format {format_}")
    found = _SHAPE.fullmatch(format_)
    read = template(re.sub("^FM", "", format_, flags=re.IGNORECASE)) if found else template(format_)
    type_: RedshiftType = numeric(read.digits + read.places, read.places)
    quote = format_.replace("'", "''")
    sql = f"rs_to_number({text.sql}, '{pattern(read)}', '{quote}')"
    return Compiled(f"CAST({sql} AS {type_.duckdb})", type_)
