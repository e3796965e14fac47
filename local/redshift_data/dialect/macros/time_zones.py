"""Time zones: abbreviations are fixed offsets, POSIX offsets point west, names have seasons."""

from local.redshift_data.dialect.macros.raising import raising

# DuckDB takes EST or PST for a place with daylight saving; on Redshift they are offsets.
# Only the abbreviations whose offset the guide tells are known.
_HOURS_EAST = {
    "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "MST": -7, "PST": -8, "PDT": -7,
    "CET": 1, "NZDT": 13,
}  # fmt: skip
_KNOWN = " ".join(f"WHEN '{name}' THEN {hours * 3600}" for name, hours in _HOURS_EAST.items())
_NAMES_OF_ONE_WORD = "Singapore|GB|NZ|PRC|ROK|EST5EDT|CST6CDT|PST8PDT"
_POSIX = r".*[A-Za-z_] ?([-+]?)(\d{1,2})(?::(\d{2}))?"
_UNKNOWN = raising("'not emulated locally: time zone ' || z")

_ISO = r"[-+]\d{2}(?::?\d{2})?"

MACROS = (
    f"CREATE OR REPLACE MACRO rs_abbreviation(z) AS CASE upper(z) {_KNOWN} END",
    # Seconds east of Greenwich, where a POSIX offset counts hours west.
    f"""CREATE OR REPLACE MACRO rs_posix_offset(z) AS list_transform(
        [regexp_extract(z, '^{_POSIX}$', ['sign', 'h', 'mi'])],
        lambda west: CASE WHEN west.h = '' THEN NULL
        WHEN TRY_CAST(west.h AS INTEGER) > 14 THEN {_UNKNOWN}
        ELSE CASE WHEN west.sign = '-' THEN 1 ELSE -1 END * (TRY_CAST(west.h AS INTEGER) * 3600
            + TRY_CAST('0' || west.mi AS INTEGER) * 60) END)[1]""",
    f"""CREATE OR REPLACE MACRO rs_offset(z) AS CASE
        WHEN regexp_full_match(z, '{_NAMES_OF_ONE_WORD}') THEN NULL
        ELSE coalesce(rs_abbreviation(z), rs_posix_offset(z)) END""",
    # An offset in a time's own text counts hours east, as ISO 8601 does.
    """CREATE OR REPLACE MACRO rs_iso_offset(z) AS CASE WHEN z[1] = '-' THEN -1 ELSE 1 END
        * (TRY_CAST(substring(z, 2, 2) AS INTEGER) * 3600
           + TRY_CAST('0' || replace(substring(z, 4), ':', '') AS INTEGER) * 60)""",
    f"""CREATE OR REPLACE MACRO rs_text_offset(z) AS coalesce(
        CASE WHEN regexp_full_match(z, '{_ISO}') THEN rs_iso_offset(z) ELSE rs_abbreviation(z) END,
        CASE WHEN z IS NOT NULL THEN {_UNKNOWN} END)""",
    rf"""CREATE OR REPLACE MACRO rs_place(z) AS CASE
        WHEN regexp_full_match(z, '{_NAMES_OF_ONE_WORD}|[A-Z][A-Za-z_]+(/[A-Za-z_-]+)+') THEN z
        WHEN z IS NOT NULL THEN {_UNKNOWN} END""",
    """CREATE OR REPLACE MACRO rs_zone_to_utc(ts, z) AS list_transform([rs_offset(z)],
        lambda east: CASE WHEN east IS NOT NULL THEN ts - to_seconds(east)
        ELSE (ts AT TIME ZONE rs_place(z)) AT TIME ZONE 'UTC' END)[1]""",
    """CREATE OR REPLACE MACRO rs_utc_to_zone(ts, z) AS list_transform([rs_offset(z)],
        lambda east: CASE WHEN east IS NOT NULL THEN ts + to_seconds(east)
        ELSE (ts AT TIME ZONE 'UTC') AT TIME ZONE rs_place(z) END)[1]""",
    f"""CREATE OR REPLACE MACRO rs_from_zone(ts, z) AS CASE
        WHEN z = '' THEN ts
        WHEN regexp_full_match(z, '{_ISO}') THEN ts - to_seconds(rs_iso_offset(z))
        ELSE rs_zone_to_utc(ts, z) END""",
)
