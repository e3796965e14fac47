"""Taking SUPER arrays and objects apart and putting them together."""

from local.redshift_data.dialect.macros.raising import raising
from local.redshift_data.dialect.macros.super_numbers import STRING

_SAME = "coalesce(rs_super_key(CAST({0} AS JSON)), '')"


def _keys(elements: str) -> str:
    """Return the list of what elements are compared by; NULLs are alike."""
    return f"list_transform({elements}, lambda e: {_SAME.format('e')})"


def _occurrence(keys: str) -> str:
    """Return SQL that says of element i which occurrence of its value it is, from 1."""
    return f"len(list_filter({keys}[1:i], lambda o: o = {keys}[i]))"


_BUILDING = (
    """CREATE OR REPLACE MACRO rs_array(elements) AS CAST('[' || array_to_string(
        list_transform(elements, lambda e: coalesce(CAST(e AS VARCHAR), 'null')), ',') || ']'
        AS JSON)""",
    f"""CREATE OR REPLACE MACRO rs_object(names, members) AS CAST(CASE
        WHEN len(list_distinct(names)) <> len(names) OR len(names) <> list_count(names)
        THEN {raising("'not emulated locally: OBJECT with a key twice or NULL'")}
        ELSE '{{' || array_to_string(list_transform(list_zip(names, members),
            lambda m: CAST(to_json(m[1]) AS VARCHAR) || ':'
                || coalesce(CAST(m[2] AS VARCHAR), 'null')), ',') || '}}' END AS JSON)""",
)

_TAKING_APART = (
    """CREATE OR REPLACE MACRO rs_object_of(names, members) AS CAST('{' || array_to_string(
        list_filter(list_transform(list_zip(names, members),
            lambda m: CAST(to_json(m[1]) AS VARCHAR) || ':' || CAST(m[2] AS VARCHAR)),
            lambda m: m IS NOT NULL), ',') || '}' AS JSON)""",
    """CREATE OR REPLACE MACRO rs_pointer(name) AS
        '/' || replace(replace(name, '~', '~0'), '/', '~1')""",
    f"""CREATE OR REPLACE MACRO rs_unnested(j) AS CASE
        WHEN j IS NULL OR json_type(j) = 'NULL' THEN NULL
        WHEN json_type(j) <> 'ARRAY'
        THEN {raising("'not emulated locally: unnesting a SUPER value that is no array'")}
        WHEN NOT rs_fragile(CAST(j AS VARCHAR)) THEN json_extract(j, '$[*]')
        ELSE list_transform(json_extract(CAST(rs_marked(CAST(j AS VARCHAR)) AS JSON), '$[*]'),
            lambda e: CAST(rs_unmarked(CAST(e AS VARCHAR)) AS JSON)) END""",
    f"""CREATE OR REPLACE MACRO rs_names(j) AS CASE
        WHEN j IS NULL OR json_type(j) = 'NULL' THEN NULL
        WHEN json_type(j) = 'OBJECT' THEN json_keys(j)
        ELSE {raising("'not emulated locally: unpivoting a SUPER value that is no object'")} END""",
    """CREATE OR REPLACE MACRO rs_members(j) AS list_transform([CAST(j AS JSON)], lambda v:
        list_transform(rs_names(v), lambda name: rs_extract(v, rs_pointer(name))))[1]""",
    """CREATE OR REPLACE MACRO rs_array_concat(a, b) AS list_transform(
        [{'a': CAST(a AS JSON), 'b': CAST(b AS JSON)}], lambda p:
        CASE WHEN json_type(p.a) = 'ARRAY' AND json_type(p.b) = 'ARRAY' THEN CAST(
        CASE WHEN p.a = '[]' THEN CAST(p.b AS VARCHAR) WHEN p.b = '[]' THEN CAST(p.a AS VARCHAR)
        ELSE CAST(p.a AS VARCHAR)[:-2] || ',' || CAST(p.b AS VARCHAR)[2:] END AS JSON) END)[1]""",
    """CREATE OR REPLACE MACRO rs_subarray(j, first, count) AS list_transform([rs_elements(j)],
        lambda l: CASE WHEN l IS NOT NULL AND first IS NOT NULL
        THEN rs_array(l[first + 1 : first + count]) END)[1]""",
    # All levels at once: outside of strings, only brackets and commas are left to mend.
    rf"""CREATE OR REPLACE MACRO rs_array_flatten(j) AS CASE
        WHEN json_type(j) = 'ARRAY' THEN CAST(CASE
            WHEN contains(rs_skeleton(CAST(j AS VARCHAR)), '{{')
            THEN {raising("'not emulated locally: ARRAY_FLATTEN of an array with objects'")}
            ELSE rs_flat(CAST(j AS VARCHAR)) END AS JSON) END""",
    rf"""CREATE OR REPLACE MACRO rs_flat(t) AS '[' || array_to_string(
        regexp_extract_all(t, '{STRING}|[^\[\],"]+'), ',') || ']'""",
    f"""CREATE OR REPLACE MACRO rs_not_negative(n) AS CASE WHEN n < 0
        THEN {raising("'not emulated locally: SUBARRAY with a negative bound'")} ELSE n END""",
    """CREATE OR REPLACE MACRO rs_array_length(j) AS
        CASE WHEN json_type(j) = 'ARRAY' THEN json_array_length(j) END""",
    """CREATE OR REPLACE MACRO rs_attribute_count(j) AS
        CASE WHEN json_type(j) = 'OBJECT' THEN len(json_keys(j)) END""",
    """CREATE OR REPLACE MACRO rs_split(t, delimiter) AS CASE
        WHEN t IS NOT NULL AND delimiter IS NOT NULL
        THEN rs_array(list_transform(string_split(t, delimiter), lambda e: to_json(e))) END""",
)

_SETS = (
    f"""CREATE OR REPLACE MACRO rs_array_distinct(j) AS list_transform([rs_elements(j)],
        lambda l: list_transform([{_keys("l")}], lambda k: CASE WHEN l IS NOT NULL THEN
        rs_array(list_filter(l, lambda e, i: {_occurrence("k")} = 1)) END)[1])[1]""",
    # Of each value as many as the first array has more than the second.
    f"""CREATE OR REPLACE MACRO rs_array_minus(a, b, every) AS list_transform(
        [{{'a': rs_elements(a), 'b': {_keys("rs_elements(b)")}}}], lambda p:
        list_transform([{_keys("p.a")}], lambda k:
        CASE WHEN p.a IS NOT NULL AND p.b IS NOT NULL THEN
        rs_array(list_filter(p.a, lambda e, i: CASE WHEN every
        THEN {_occurrence("k")} = 1 AND NOT list_contains(p.b, k[i])
        ELSE {_occurrence("k")} > len(list_filter(p.b, lambda o: o = k[i])) END)) END
        )[1])[1]""",
    f"""CREATE OR REPLACE MACRO rs_array_common(a, b, every) AS list_transform(
        [{{'a': rs_elements(a), 'b': {_keys("rs_elements(b)")}}}], lambda p:
        list_transform([{_keys("p.a")}], lambda k:
        CASE WHEN p.a IS NOT NULL AND p.b IS NOT NULL THEN
        rs_array(list_filter(p.a, lambda e, i: CASE WHEN every
        THEN {_occurrence("k")} = 1 AND list_contains(p.b, k[i])
        ELSE {_occurrence("k")} <= len(list_filter(p.b, lambda o: o = k[i])) END)) END
        )[1])[1]""",
    f"""CREATE OR REPLACE MACRO rs_arrays_overlap(a, b) AS
        list_has_any({_keys("rs_elements(a)")}, {_keys("rs_elements(b)")})""",
    # Positions from 0; NULL where NULLs are not to be searched and would decide.
    f"""CREATE OR REPLACE MACRO rs_positions(j, v, with_nulls) AS list_transform(
        [{{'k': {_keys("rs_elements(j)")}, 'v': {_SAME.format("v")}}}], lambda p:
        CASE WHEN p.k IS NULL OR with_nulls IS NULL OR (p.v = '' AND NOT with_nulls) THEN NULL
        WHEN NOT with_nulls AND list_contains(p.k, '') AND NOT list_contains(p.k, p.v) THEN NULL
        ELSE list_filter(list_transform(p.k, lambda k, i: CASE WHEN k = p.v THEN i - 1 END),
            lambda i: i IS NOT NULL) END)[1]""",
    """CREATE OR REPLACE MACRO rs_first_position(found) AS list_transform([found],
        lambda f: CASE WHEN f IS NOT NULL THEN coalesce(f[1], -1) END)[1]""",
    """CREATE OR REPLACE MACRO rs_position_array(found) AS list_transform([found],
        lambda f: CASE WHEN f IS NOT NULL THEN rs_array(f) END)[1]""",
    """CREATE OR REPLACE MACRO rs_array_sort(j, ascending, nulls_first) AS list_transform(
        [list_sort(list_transform(rs_elements(j), lambda e: {
            'k': coalesce(rs_rank(CAST(e AS JSON)),
                CASE WHEN ascending = nulls_first THEN '!' ELSE '~' END), 'e': e}))],
        lambda l: CASE WHEN l IS NOT NULL THEN rs_array(list_transform(
            CASE WHEN ascending THEN l ELSE list_reverse(l) END, lambda r: r.e)) END)[1]""",
)

_ATTRIBUTES = (
    # In compact text, a string before a colon is an attribute's name.
    *(
        f"""CREATE OR REPLACE MACRO rs_{case}_names(j) AS list_transform([array_to_string(
        list_transform(regexp_extract_all(CAST(j AS VARCHAR), '{STRING}:?|[^"]+'),
            lambda e: CASE WHEN NOT (starts_with(e, '"') AND ends_with(e, ':')) THEN e
            WHEN contains(e, '\\')
            THEN {raising("'not emulated locally: attribute names with escapes'")}
            ELSE {case}(e) END), '')], lambda t: CASE WHEN rs_repeats(t)
        THEN {raising("'Invalid input: SUPER value has duplicate attributes after case conversion.'")}
        ELSE CAST(t AS JSON) END)[1]"""
        for case in ("lower", "upper")
    ),
)

MACROS = (*_BUILDING, *_TAKING_APART, *_SETS, *_ATTRIBUTES)
