"""The warehouse's statements, one to a file, and the only way in which names get into them."""

import re
from functools import cache
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent
COMMENT_LINE = re.compile(r"^\s*--.*\n", re.MULTILINE)
# COPY and UNLOAD take no parameters: a role's name that goes into their text must look like this.
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}\Z", re.ASCII)
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,126}\Z")


def statement(name: str, **parts: str) -> str:
    """Read `<name>.sql` without its comments and fill its `${parts}`.

    Parts are identifiers and texts made from the catalogue or checked settings, never anything
    that a sender or a caller wrote: those go in as `:parameters` of the statement.
    """
    return Template(_read(name)).substitute(parts)


def quoted(identifier: str) -> str:
    """Quote an identifier, so that a column may be called "user" or "order"."""
    if not IDENTIFIER.match(identifier):
        raise ValueError("not an identifier that the catalogue could have made")
    return f'"{identifier}"'


@cache
def _read(name: str) -> str:
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return COMMENT_LINE.sub("", text).strip().removesuffix(";")
