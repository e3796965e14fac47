"""How a macro fails with Redshift's text."""

from local.redshift_data.errors import RAISED_BY_US


def raising(text: str) -> str:
    """Return the SQL that fails with the text of a SQL expression."""
    return f"error('{RAISED_BY_US}' || {text})"


def invalid(kind: str) -> str:
    """Return the SQL that fails because the text `t` is no such kind of value."""
    return raising(f"""'invalid input syntax for {kind}: "' || t || '"'""")
