"""Numbers and dates by template: what the pieces of a format do with a value."""

from local.redshift_data.dialect.macros.raising import raising

_TOO_WIDE = raising("'not emulated locally: TO_CHAR of a number with more digits than the format'")
_NO_FIT = raising("'not emulated locally: TO_NUMBER of ' || t || ' by the format ' || format")
_NO_ROMAN = raising("'not emulated locally: a Roman numeral other than between 1 and 3999'")
_NO_ZERO = raising("'not emulated locally: TO_CHAR with 9 where the whole part is 0'")

MACROS = (
    # A whole part of 0 under a 9, with places behind it, is not in the guide.
    f"""CREATE OR REPLACE MACRO rs_number_pieces(magnitude, digits, least) AS list_transform(
        [magnitude], lambda t: CASE
        WHEN strlen(split_part(t, '.', 1)) > digits THEN {_TOO_WIDE}
        WHEN least = 0 AND t LIKE '0.%' THEN {_NO_ZERO}
        WHEN t IS NOT NULL THEN {{
            'whole': lpad(split_part(t, '.', 1),
                          CAST(greatest(least, strlen(split_part(t, '.', 1))) AS INTEGER), '0'),
            'places': split_part(t, '.', 2)}} END)[1]""",
    """CREATE OR REPLACE MACRO rs_ordinal(digits, negative) AS CASE
        WHEN negative THEN ''
        WHEN length(digits) > 1 AND digits[-2] = '1' THEN 'th'
        WHEN digits[-1] = '1' THEN 'st' WHEN digits[-1] = '2' THEN 'nd'
        WHEN digits[-1] = '3' THEN 'rd' ELSE 'th' END""",
    f"""CREATE OR REPLACE MACRO rs_roman(magnitude, negative, numerals) AS list_transform(
        [TRY_CAST(magnitude AS BIGINT)], lambda n: CASE
        WHEN n IS NULL THEN NULL WHEN negative OR n NOT BETWEEN 1 AND 3999 THEN {_NO_ROMAN}
        ELSE numerals[4][n // 1000 + 1] || numerals[3][n // 100 % 10 + 1]
            || numerals[2][n // 10 % 10 + 1] || numerals[1][n % 10 + 1] END)[1]""",
    f"""CREATE OR REPLACE MACRO rs_to_number(t, pattern, format) AS CASE
        WHEN t IS NULL THEN NULL
        WHEN regexp_full_match(t, pattern)
        THEN CASE WHEN contains(t, '-') OR contains(t, '<') THEN '-' ELSE '' END
            || regexp_replace(t, '[^0-9.]', '', 'g')
        ELSE {_NO_FIT} END""",
)
