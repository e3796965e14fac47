"""The runbook's sections, so that an alarm has beside it what to do."""

import re
from functools import cache

from local.processes import PROJECT

RUNBOOK = PROJECT / "docs/runbook.md"
HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
LINK = re.compile(r"\[([^]]+)\]\([^)]*\)")


@cache
def runbook() -> dict[str, str]:
    """Read the sections of docs/runbook.md by their anchors."""
    return sections(RUNBOOK.read_text(encoding="utf-8"))


def sections(text: str) -> dict[str, str]:
    """Split Markdown at its headings of the second and third level; links become their words."""
    _, *pieces = HEADING.split(text)
    named = zip(pieces[::2], pieces[1::2], strict=True)
    return {anchor(heading): LINK.sub(r"\1", body).strip() for heading, body in named}


def anchor(heading: str) -> str:
    """Name a heading as links do: words in lower case, joined by dashes."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
