"""Characters and their codes, positions, sounds and numbers in other bases."""

from local.redshift_data.dialect.macros.raising import raising

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _squeezed(text: str) -> str:
    """Leave one of each run of a Soundex digit."""
    for digit in "123456":
        text = f"regexp_replace({text}, '{digit}+', '{digit}', 'g')"
    return text


# H and W do not part equal sounds, vowels do. The first letter's sound counts for the second.
_CODES = """translate(w, 'BFPVCGJKQSXZDTLMNRAEIOUYHW', '11112222222233455600000077')"""
_SOUNDS = _squeezed(f"left({_CODES}, 1) || replace(substring({_CODES}, 2), '7', '')")

MACROS = (
    f"""CREATE OR REPLACE MACRO rs_chr(n) AS CASE
        WHEN n = 0 THEN NULL
        WHEN n NOT BETWEEN 1 AND 127 OR n = 32
        THEN {raising("'not emulated locally: CHR of ' || n")}
        ELSE chr(n::INTEGER) END""",
    """CREATE OR REPLACE MACRO rs_octetindex(part, t) AS CASE
        WHEN strpos(t, part) = 0 THEN 0
        ELSE strlen(left(t, strpos(t, part) - 1)) + 1 END""",
    """CREATE OR REPLACE MACRO rs_bpcharcmp(a, b) AS CASE
        WHEN rtrim(a, ' ') = rtrim(b, ' ') THEN 0
        WHEN rtrim(a, ' ') > rtrim(b, ' ') THEN 1
        WHEN rtrim(a, ' ') < rtrim(b, ' ') THEN -1 END""",
    f"""CREATE OR REPLACE MACRO rs_soundex_of_letters(w) AS CASE
        WHEN w = '' THEN ''
        ELSE rpad(left(w, 1) || replace(substring({_SOUNDS}, 2), '0', ''), 4, '0') END""",
    """CREATE OR REPLACE MACRO rs_soundex(t) AS
        rs_soundex_of_letters(upper(regexp_replace(t, '[^A-Za-z]', '', 'g')))""",
    """CREATE OR REPLACE MACRO rs_same_letters(a, b) AS
        CAST(list_sum(list_transform(range(1, 5), lambda i:
            CASE WHEN a[i] <> '' AND a[i] = b[i] THEN 1 ELSE 0 END)) AS INTEGER)""",
    f"""CREATE OR REPLACE MACRO rs_difference(a, b) AS CASE
        WHEN a IS NULL OR b IS NULL THEN NULL
        WHEN a = '' AND b = ''
        THEN {raising("'not emulated locally: DIFFERENCE of two empty texts'")}
        WHEN a = '' OR b = '' THEN 0
        WHEN rs_soundex(a) = '' AND rs_soundex(b) = '' THEN 1
        ELSE rs_same_letters(rs_soundex(a), rs_soundex(b)) END""",
    # A sign, 0x for base 16, digits; what is none of these is an error.
    f"""CREATE OR REPLACE MACRO rs_digits(t, base) AS
        list_transform(string_split(lower(t), ''),
            lambda d: CASE WHEN d = '' OR strpos('{_DIGITS}', d) NOT BETWEEN 1 AND base
                THEN NULL ELSE strpos('{_DIGITS}', d) - 1 END)""",
    f"""CREATE OR REPLACE MACRO rs_value_of_digits(digits, t, base) AS CASE
        WHEN len(digits) = 0 OR list_contains(list_transform(digits, lambda d: d IS NULL), true)
        THEN {raising("'The input ' || t || ' is not valid to be converted to base ' || base")}
        ELSE list_reduce(digits, lambda a, d: a * base + d, 0::HUGEINT) END""",
    r"""CREATE OR REPLACE MACRO rs_unsigned_text(t, base) AS
        regexp_replace(t, CASE WHEN base = 16 THEN '^\s*[-+]?(0[xX])?' ELSE '^\s*[-+]?' END, '')""",
    rf"""CREATE OR REPLACE MACRO rs_strtol(t, base) AS CASE
        WHEN base NOT BETWEEN 2 AND 36
        THEN {raising("'base must be between 2 and 36'")}
        WHEN t IS NULL OR base IS NULL THEN NULL
        WHEN t = '' OR ascii(t) = 0 THEN 0
        ELSE CAST(CASE WHEN regexp_matches(t, '^\s*-') THEN -1 ELSE 1 END
            * rs_value_of_digits(rs_digits(rs_unsigned_text(t, base), base), t, base)
            AS BIGINT) END""",
)
