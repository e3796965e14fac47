"""The options behind COPY's source and UNLOAD's target, one after another, each once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.redshift_data.dialect.load.authorization import read_authorization
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import StatementError

Option = Callable[[Words, dict[str, Any]], str]
"""Reads one option, notes what it says, and returns its name."""


@dataclass
class Clauses:
    """The options' names, and what they say."""

    seen: set[str] = field(default_factory=set)
    found: dict[str, Any] = field(default_factory=dict)


def read_clauses(words: Words, statement: str, option: Option) -> Clauses:
    """Read to the end; raises StatementError for one twice, and without one authorization."""
    clauses, authorized = Clauses(), False
    while not words.done:
        if read_authorization(words):
            if authorized:
                raise StatementError(f"{statement} takes one authorization only")
            authorized = True
            continue
        name = option(words, clauses.found)
        if name in clauses.seen:
            raise StatementError(f"conflicting or redundant options: {name}")
        clauses.seen.add(name)
    if not authorized:
        raise StatementError(f"{statement} needs credentials: IAM_ROLE is missing")
    return clauses
