"""Reading JSON kept as text, number by number as it is written."""

from local.redshift_data.dialect.macros.raising import raising

_STRING = r'"(?:[^"\\]|\\.)*"'
# A private character marks numbers, so that they pass DuckDB as strings, digit by digit.
_MARK = "\ue000"
_TOKENS = rf'{_STRING}|[-0-9][-+.eE0-9]*|[^"0-9-]+'

MACROS = (
    f"""CREATE OR REPLACE MACRO rs_numbers_marked(t) AS array_to_string(list_transform(
        regexp_extract_all(t, '{_TOKENS}'),
        lambda k: CASE WHEN regexp_matches(k, '^[-0-9]') THEN '"{_MARK}' || k || '"' ELSE k END), '')""",
    f"""CREATE OR REPLACE MACRO rs_numbers_restored(t) AS
        regexp_replace(t, '"?{_MARK}([-+.eE0-9]+)"?', '\\1', 'g')""",
    """CREATE OR REPLACE MACRO rs_root_is(t, opening) AS
        rs_is_json(t) AND starts_with(ltrim(t, ' ' || chr(9) || chr(10) || chr(13)), opening)""",
    """CREATE OR REPLACE MACRO rs_is_valid_json(t) AS
        CASE WHEN t IS NOT NULL THEN rs_root_is(t, '{') END""",
    """CREATE OR REPLACE MACRO rs_is_valid_json_array(t) AS
        CASE WHEN t IS NOT NULL THEN rs_root_is(t, '[') END""",
    f"""CREATE OR REPLACE MACRO rs_not_json(t, lax) AS CASE
        WHEN lax THEN NULL
        WHEN starts_with(ltrim(t), '{{') THEN {raising("'invalid json object ' || t")}
        WHEN starts_with(ltrim(t), '[') THEN {raising("'invalid json array object ' || t")}
        ELSE {raising("'JSON parsing error'")} END""",
    # How a nested value was spaced is not what DuckDB gives back.
    f"""CREATE OR REPLACE MACRO rs_json_shown(j, t) AS CASE
        WHEN json_type(j) = 'NULL' THEN NULL
        WHEN json_type(j) IN ('OBJECT', 'ARRAY') AND rs_compact(t) <> t
        THEN {raising("'not emulated locally: a nested value of JSON with white space'")}
        WHEN json_type(j) IN ('OBJECT', 'ARRAY') THEN rs_numbers_restored(CAST(j AS VARCHAR))
        ELSE rs_numbers_restored(json_extract_string(j, '$')) END""",
    f"""CREATE OR REPLACE MACRO rs_json_step(j, name) AS CASE
        WHEN name = '' THEN {raising("'not emulated locally: an empty path element'")}
        WHEN json_type(j) = 'OBJECT'
        THEN json_extract(j, '/' || replace(replace(name, '~', '~0'), '/', '~1'))
        WHEN json_type(j) = 'ARRAY' AND regexp_full_match(name, '[0-9]+')
        THEN {raising("'not emulated locally: a path element that is an index'")} END""",
    """CREATE OR REPLACE MACRO rs_json_path_text(t, names, lax) AS CASE
        WHEN t IS NULL OR lax IS NULL
            OR list_contains(list_transform(names, lambda n: n IS NULL), true) THEN NULL
        WHEN NOT rs_is_json(t) THEN rs_not_json(t, lax)
        WHEN NOT rs_root_is(t, '{') AND NOT rs_root_is(t, '[') THEN rs_not_json('', lax)
        ELSE rs_json_shown(list_reduce(
            list_transform(names, lambda n: to_json(n)),
            lambda j, n: rs_json_step(j, json_extract_string(n, '$')),
            TRY_CAST(rs_numbers_marked(t) AS JSON)), t) END""",
    """CREATE OR REPLACE MACRO rs_json_element_text(t, i, lax) AS CASE
        WHEN t IS NULL OR i IS NULL OR lax IS NULL THEN NULL
        WHEN NOT coalesce(rs_root_is(t, '['), false) THEN rs_not_json(t, lax)
        WHEN i < 0 THEN NULL
        ELSE rs_json_shown(json_extract(TRY_CAST(rs_numbers_marked(t) AS JSON), '/' || i), t) END""",
    """CREATE OR REPLACE MACRO rs_json_array_length(t, lax) AS CASE
        WHEN t IS NULL OR lax IS NULL THEN NULL
        WHEN NOT coalesce(rs_root_is(t, '['), false) THEN rs_not_json(t, lax)
        ELSE json_array_length(TRY_CAST(t AS JSON)) END""",
)
