"""Matches of patterns and where they are."""

from local.redshift_data.dialect.macros.raising import raising

_LINES = raising("'not emulated locally: a pattern with . ^ or $ on text of several lines'")
_EMPTY = raising("'not emulated locally: a pattern that matches the empty text'")
_RISKY = raising("'not emulated locally: a replacement with $ or a backslash'")
_SMALL, _LARGE = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

MACROS = (
    # ILIKE is about the case of ASCII letters only.
    f"""CREATE OR REPLACE MACRO rs_small(t) AS translate(t, '{_LARGE}', '{_SMALL}')""",
    f"""CREATE OR REPLACE MACRO rs_one_line(t) AS CASE
        WHEN contains(t, chr(10)) THEN {_LINES} ELSE t END""",
    f"""CREATE OR REPLACE MACRO rs_never_empty(p) AS CASE
        WHEN regexp_matches('', p) OR list_contains(regexp_extract_all('a b', p), '')
        THEN {_EMPTY} ELSE p END""",
    """CREATE OR REPLACE MACRO rs_after(t, start) AS
        CASE WHEN start > length(t) THEN '' ELSE rs_rest(t, start) END""",
    """CREATE OR REPLACE MACRO rs_regexp_count(t, p, start) AS
        len(regexp_extract_all(rs_after(t, start), rs_never_empty(p)))""",
    """CREATE OR REPLACE MACRO rs_nth(found, n, otherwise) AS CASE
        WHEN found IS NULL OR n IS NULL THEN NULL
        WHEN n BETWEEN 1 AND len(found) THEN found[n] ELSE otherwise END""",
    """CREATE OR REPLACE MACRO rs_regexp_substr(t, p, start, n, part) AS
        rs_nth(regexp_extract_all(rs_after(t, start), rs_never_empty(p), part), n::BIGINT, '')""",
    # The text before the n-th match: n pieces between matches and n - 1 matches.
    """CREATE OR REPLACE MACRO rs_characters(texts) AS
        coalesce(list_sum(list_transform(texts, lambda x: length(x))), 0)""",
    """CREATE OR REPLACE MACRO rs_match_at(t, p, found, n, past) AS
        rs_characters(regexp_split_to_array(t, p)[1:n]) + 1
        + rs_characters(found[1:(CASE WHEN past THEN n ELSE n - 1 END)])""",
    """CREATE OR REPLACE MACRO rs_regexp_instr_in(t, p, found, n, past) AS CASE
        WHEN found IS NULL OR n IS NULL THEN NULL
        WHEN n BETWEEN 1 AND len(found) THEN rs_match_at(t, p, found, n, past) ELSE 0 END""",
    """CREATE OR REPLACE MACRO rs_regexp_instr(t, p, start, n, past) AS CASE
        WHEN rs_regexp_count(t, p, start) = 0 THEN 0
        ELSE rs_regexp_instr_in(rs_after(t, start), p,
            regexp_extract_all(rs_after(t, start), p), n::BIGINT, past)
            + CASE WHEN n BETWEEN 1 AND rs_regexp_count(t, p, start)
              THEN greatest(start, 1) - 1 ELSE 0 END END""",
    f"""CREATE OR REPLACE MACRO rs_replacement(t) AS CASE
        WHEN regexp_matches(t, '[\\\\$]') THEN {_RISKY} ELSE t END""",
    """CREATE OR REPLACE MACRO rs_regexp_replace(t, p, new, start) AS
        left(t, greatest(start, 1) - 1)
        || regexp_replace(rs_after(t, start), rs_never_empty(p), rs_replacement(new), 'g')""",
)
