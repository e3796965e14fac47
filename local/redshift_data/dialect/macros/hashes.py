"""Hash functions, computed on integers wide enough that nothing overflows."""

_32, _64 = "4294967295::UBIGINT", "18446744073709551615::UHUGEINT"


def _rotated_32(x: str, by: int) -> str:
    return f"((({x} << {by}) | ({x} >> {32 - by})) & {_32})"


def _low_32(product: str) -> str:
    return f"(({product}) & {_32})"


def _crc_of_a_bit(c: str) -> str:
    """CRC-32C, least significant bit first."""
    return f"xor({c} >> 1, ({c} & 1) * 2197175160::UBIGINT)"


_CRC_MACROS = (
    f"CREATE OR REPLACE MACRO rs_crc_bit(c) AS {_crc_of_a_bit('c')}",
    f"""CREATE OR REPLACE MACRO rs_crc32(b) AS lower(lpad(hex(xor({_32},
        list_reduce(rs_byte_list(b), lambda c, x: list_reduce(range(8),
            lambda a, i: rs_crc_bit(a), xor(c, x)), {_32}))), 8, '0'))""",
)

# MurmurHash3_x86_32: blocks of four bytes, least significant first, then what is left.
_SCRAMBLED = _low_32(
    _rotated_32("k", 15).replace("k", _low_32("k * 3432918353::UBIGINT")) + " * 461845907::UBIGINT"
)
_MIXED = _low_32(_rotated_32("h", 13) + " * 5 + 3864292196::UBIGINT")

_MURMUR_MACROS = (
    f"CREATE OR REPLACE MACRO rs_murmur_scramble(k) AS {_SCRAMBLED}",
    f"CREATE OR REPLACE MACRO rs_murmur_mix(h) AS {_MIXED}",
    """CREATE OR REPLACE MACRO rs_little_endian(bytes) AS
        list_reduce(list_reverse(bytes), lambda n, x: n * 256 + x, 0::UBIGINT)""",
    """CREATE OR REPLACE MACRO rs_murmur_blocks(bytes, seed) AS list_reduce(
        list_transform(range(len(bytes) // 4),
            lambda i: rs_little_endian(bytes[4 * i + 1 : 4 * i + 4])),
        lambda h, k: rs_murmur_mix(xor(h, rs_murmur_scramble(k))), seed)""",
    """CREATE OR REPLACE MACRO rs_murmur_tail(bytes, h) AS
        xor(xor(h, rs_murmur_scramble(rs_little_endian(bytes[len(bytes) // 4 * 4 + 1 :]))),
            len(bytes)::UBIGINT)""",
    f"""CREATE OR REPLACE MACRO rs_murmur_step(h, multiplier, bits) AS
        {_low_32("xor(h, h >> bits) * multiplier")}""",
    """CREATE OR REPLACE MACRO rs_murmur_end(h) AS xor(h, h >> 16)""",
    """CREATE OR REPLACE MACRO rs_signed_32(h) AS
        CAST(CASE WHEN h >= 2147483648 THEN h::BIGINT - 4294967296 ELSE h::BIGINT END AS INTEGER)""",
    """CREATE OR REPLACE MACRO rs_murmur(bytes, seed) AS rs_signed_32(rs_murmur_end(
        rs_murmur_step(rs_murmur_step(
            rs_murmur_tail(bytes, rs_murmur_blocks(bytes, (seed::BIGINT & 4294967295)::UBIGINT)),
            2246822507::UBIGINT, 16), 3266489909::UBIGINT, 13)))""",
)

_FNV_MACROS = (
    """CREATE OR REPLACE MACRO rs_signed_64(h) AS CAST(CASE WHEN h >= 9223372036854775808
        THEN h::HUGEINT - 18446744073709551616 ELSE h::HUGEINT END AS BIGINT)""",
    """CREATE OR REPLACE MACRO rs_unsigned_64(h) AS CAST(CASE WHEN h < 0
        THEN h::HUGEINT + 18446744073709551616 ELSE h::HUGEINT END AS UHUGEINT)""",
    f"""CREATE OR REPLACE MACRO rs_fnv(bytes, seed) AS rs_signed_64(list_reduce(
        list_transform(bytes, lambda x: x::UHUGEINT),
        lambda h, x: (xor(h, x) * 1099511628211::UHUGEINT) & {_64}, rs_unsigned_64(seed)))""",
)

MACROS = (
    """CREATE OR REPLACE MACRO rs_byte_list(b) AS list_transform(
        range(octet_length(b)),
        lambda i: CAST('0x' || hex(b)[2 * i + 1 : 2 * i + 2] AS UBIGINT))""",
    """CREATE OR REPLACE MACRO rs_integer_byte_list(i, n) AS
        list_reverse(rs_byte_list(rs_integer_bytes(i, n)))""",
    *_CRC_MACROS,
    *_MURMUR_MACROS,
    *_FNV_MACROS,
)
