"""Counts the corpus, and lists what differs: python -m tests.redshift_data.report [--write]."""

import sys
from collections.abc import Iterator

from tests.redshift_data.corpus import FOLDER, GUIDE, Example, examples, refusals

REPORT = FOLDER / "EXAMPLES.md"
_LONGEST = 100


def report() -> str:
    """Return the report in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    every = examples()
    printed = [e for e in every if not e.rule and not e.differs]
    stated = [e for e in every if e.rule and not e.differs]
    differing = [e for e in every if e.differs]
    yield "# Documented examples, and what this server makes of them"
    yield ""
    yield "Written by `python -m tests.redshift_data.report --write` from the files in `examples/`"
    yield "and `refused/`; the tests hold each line."
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| examples whose result AWS's guide prints, answered alike | {len(printed):,} |"
    yield f"| examples whose result the guide states in words, answered alike | {len(stated):,} |"
    yield f"| statements that Redshift refuses, refused | {len(refusals()):,} |"
    yield f"| examples answered otherwise, or refused as not emulated | {len(differing):,} |"
    yield ""
    yield "## What differs, and why"
    yield ""
    yield "| page | statement | why |"
    yield "|---|---|---|"
    yield from (_line(example) for example in differing)


def _line(example: Example) -> str:
    sql = " ".join(example.sql.split()).replace("|", "\\|")
    shown = sql if len(sql) <= _LONGEST else f"{sql[:_LONGEST]} …"
    reason = example.differs.replace("|", "\\|")
    page = example.page.removeprefix("dg/")
    return f"| [{page}]({GUIDE}{example.page}.html) | `{shown}` | {reason} |"


def main() -> None:
    """Print the report, or write it."""
    if "--write" in sys.argv[1:]:
        REPORT.write_text(report())
    else:
        sys.stdout.write(report())


if __name__ == "__main__":
    main()
