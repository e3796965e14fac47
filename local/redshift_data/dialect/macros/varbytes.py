"""Binary values: their parts, bits and texts."""

from local.redshift_data.dialect.macros.raising import raising


def _unknown(text: str) -> str:
    return raising(f"'not emulated locally: {text}'")


def _bitwise(name: str, operator: str) -> str:
    """DuckDB has the operators for bits, of which it knows no empty string."""
    return f"""CREATE OR REPLACE MACRO {name}(a, b) AS CASE
        WHEN octet_length(a) <> octet_length(b)
        THEN {_unknown("a bitwise operator on binary values of different lengths")}
        WHEN octet_length(a) = 0 THEN a
        ELSE CAST({operator.format("CAST(a AS BIT)", "CAST(b AS BIT)")} AS BLOB) END"""


MACROS = (
    f"""CREATE OR REPLACE MACRO rs_cut_bytes(b, n) AS CASE
        WHEN octet_length(b) > n THEN {_unknown("a binary value cut by a cast")}
        ELSE b END""",
    f"""CREATE OR REPLACE MACRO rs_fit_bytes(b, n, spelled) AS CASE
        WHEN octet_length(b) > n THEN {raising("'value too long for type ' || spelled")}
        ELSE b END""",
    # Most significant byte first; a negative number is its two's complement.
    """CREATE OR REPLACE MACRO rs_integer_bytes(i, n) AS
        unhex(right(lpad(hex(i), 16, '0'), 2 * n))""",
    """CREATE OR REPLACE MACRO rs_unsigned(b) AS
        CAST('0x' || hex(b) AS HUGEINT)""",
    f"""CREATE OR REPLACE MACRO rs_bytes_integer(b, n) AS CASE
        WHEN octet_length(b) <> n
        THEN {_unknown("a binary value as an integer of another size")}
        WHEN rs_unsigned(b) >= CAST(1 AS HUGEINT) << (8 * n - 1)
        THEN rs_unsigned(b) - (CAST(1 AS HUGEINT) << (8 * n))
        ELSE rs_unsigned(b) END""",
    """CREATE OR REPLACE MACRO rs_bytes_rest(b, start) AS
        unhex(substring(hex(b), 2 * greatest(start, 1)::BIGINT - 1))""",
    """CREATE OR REPLACE MACRO rs_bytes_part(b, start, size) AS
        unhex(rs_part(hex(b), 2 * start::BIGINT - 1, 2 * size::BIGINT))""",
    f"""CREATE OR REPLACE MACRO rs_getbit(b, i) AS CASE
        WHEN i NOT BETWEEN 0 AND 8 * octet_length(b) - 1
        THEN {raising("'bit index ' || i || ' is out of range'")}
        ELSE (CAST('0x' || hex(b)[2 * (octet_length(b) - i // 8) - 1 : 2 * (octet_length(b) - i // 8)]
            AS INTEGER) >> (i % 8)::INTEGER) & 1 END""",
    f"""CREATE OR REPLACE MACRO rs_from_hex(t) AS CASE
        WHEN t IS NULL OR regexp_full_match(t, '[0-9a-fA-F]*')
        THEN unhex(CASE WHEN strlen(t) % 2 = 1 THEN '0' || t ELSE t END)
        ELSE {raising("'invalid hexadecimal string: ' || t")} END""",
    f"""CREATE OR REPLACE MACRO rs_from_bits(t) AS CASE
        WHEN t = '' THEN encode('')
        WHEN strlen(t) % 8 <> 0 THEN {_unknown("bits that are no whole number of bytes")}
        WHEN t IS NULL OR regexp_full_match(t, '[01]*') THEN CAST(CAST(t AS BIT) AS BLOB)
        ELSE {raising("'invalid binary string: ' || t")} END""",
    """CREATE OR REPLACE MACRO rs_to_bits(b) AS CASE
        WHEN octet_length(b) = 0 THEN '' ELSE CAST(CAST(b AS BIT) AS VARCHAR) END""",
    f"""CREATE OR REPLACE MACRO rs_to_hex(i) AS CASE
        WHEN i < 0 THEN {_unknown("TO_HEX of a negative number")}
        ELSE lower(hex(i)) END""",
    """CREATE OR REPLACE MACRO rs_not_bytes(b) AS CASE
        WHEN octet_length(b) = 0 THEN b ELSE CAST(~CAST(b AS BIT) AS BLOB) END""",
    _bitwise("rs_and_bytes", "{} & {}"),
    _bitwise("rs_or_bytes", "{} | {}"),
    _bitwise("rs_xor_bytes", "xor({}, {})"),
)
