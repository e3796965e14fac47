"""What text functions do that DuckDB's do not."""

from local.redshift_data.dialect.macros.raising import raising

LONGEST_IN_MEMORY = 16_000_000
"""Bytes that a text function may return."""

# Words that are identifiers only between quotes.
_RESERVED = (
    "aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 "
    "backup between binary blanksasnull both bytedict bzip2 case cast check collate column "
    "constraint create credentials cross current_date current_time current_timestamp "
    "current_user current_user_id default deferrable deflate defrag delta delta32k desc disable "
    "distinct do else emptyasnull enable encode encrypt encryption end except explicit false for "
    "foreign freeze from full globaldict256 globaldict64k grant group gzip having identity "
    "ignore ilike in initially inner intersect interval into is isnull join leading left like "
    "limit localtime localtimestamp lun luns lzo lzop minus mostly16 mostly32 mostly8 natural "
    "new not notnull null nulls off offline offset oid old on only open or order outer overlaps "
    "parallel partition percent permissions pivot placing primary raw readratio recover "
    "references rejectlog resort respect restore right select session_user similar snapshot some "
    "sysdate system table tag tdes text255 text32k then timestamp to top trailing true "
    "truncatecolumns union unique unnest unpivot user using verbose wallet when where with without"
)
_RESERVED_LIST = ", ".join(f"'{word}'" for word in _RESERVED.split())


def _unknown(text: str) -> str:
    return raising(f"'not emulated locally: {text}'")


MACROS = (
    # From before the first character on, only what reaches into the text counts.
    f"""CREATE OR REPLACE MACRO rs_part(t, start, size) AS CASE
        WHEN size < 0 THEN {raising("'negative substring length not allowed'")}
        WHEN start < 1 THEN substring(t, 1, greatest(CAST(start AS HUGEINT) + size - 1, 0)::BIGINT)
        ELSE substring(t, start::BIGINT, size::BIGINT) END""",
    """CREATE OR REPLACE MACRO rs_rest(t, start) AS substring(t, greatest(start, 1)::BIGINT)""",
    f"""CREATE OR REPLACE MACRO rs_left(t, n) AS CASE
        WHEN n < 0 THEN {_unknown("LEFT of a negative number of characters")}
        ELSE left(t, n::BIGINT) END""",
    f"""CREATE OR REPLACE MACRO rs_right(t, n) AS CASE
        WHEN n < 0 THEN {_unknown("RIGHT of a negative number of characters")}
        ELSE right(t, n::BIGINT) END""",
    f"""CREATE OR REPLACE MACRO rs_lpad(t, n, fill) AS CASE
        WHEN n <= length(t) THEN left(t, greatest(n, 0)::BIGINT)
        WHEN fill = '' THEN {_unknown("LPAD with an empty text")}
        ELSE lpad(t, n::INTEGER, fill) END""",
    f"""CREATE OR REPLACE MACRO rs_rpad(t, n, fill) AS CASE
        WHEN n <= length(t) THEN left(t, greatest(n, 0)::BIGINT)
        WHEN fill = '' THEN {_unknown("RPAD with an empty text")}
        ELSE rpad(t, n::INTEGER, fill) END""",
    f"""CREATE OR REPLACE MACRO rs_repeat(t, n) AS CASE
        WHEN n < 0 THEN {_unknown("REPEAT of a negative number of times")}
        WHEN strlen(t)::HUGEINT * n > {LONGEST_IN_MEMORY}
        THEN {_unknown("a text longer than 16,000,000 bytes")}
        ELSE repeat(t, n::BIGINT) END""",
    # Characters, not what DuckDB takes for one letter.
    """CREATE OR REPLACE MACRO rs_reverse(t) AS CASE
        WHEN strlen(t) = length(t) THEN reverse(t)
        ELSE array_to_string(list_transform(
            range(length(t), 0, -1), lambda i: substring(t, i, 1)), '') END""",
    r"""CREATE OR REPLACE MACRO rs_initcap(t) AS array_to_string(list_transform(
        regexp_extract_all(t, '[\p{L}\p{N}]+|[^\p{L}\p{N}]+'),
        lambda w: upper(left(w, 1)) || lower(substring(w, 2))), '')""",
    f"""CREATE OR REPLACE MACRO rs_split_part(t, delimiter, n) AS CASE
        WHEN n < 1 THEN {raising("'field position must be greater than zero'")}
        WHEN delimiter = '' THEN {_unknown("SPLIT_PART with an empty delimiter")}
        ELSE split_part(t, delimiter, n::BIGINT) END""",
    f"""CREATE OR REPLACE MACRO rs_quote_ident(t) AS CASE
        WHEN regexp_matches(t, '[^ -~]') THEN {_unknown("QUOTE_IDENT of other than ASCII")}
        WHEN regexp_full_match(t, '[a-z_][a-z0-9_]*') AND t NOT IN ({_RESERVED_LIST}) THEN t
        WHEN regexp_full_match(t, '[a-z_][a-z0-9_$]*\\$[a-z0-9_$]*')
        THEN {_unknown("QUOTE_IDENT of a name with a dollar sign")}
        ELSE '"' || replace(t, '"', '""') || '"' END""",
    r"""CREATE OR REPLACE MACRO rs_quote_literal(t) AS
        '''' || replace(replace(t, '\', '\\'), '''', '''''') || ''''""",
)
