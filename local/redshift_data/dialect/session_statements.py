"""SET, RESET and SHOW of the session's settings, and the statements that transactions are made of.

BEGIN and COMMIT are refused: the Data API's guide has transactions as batches only, and does
not say what a transaction is that one call opens and another one ends.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot.tokenizer_core import TokenType

from local.redshift_data.catalog import Column
from local.redshift_data.dialect.parameters import DEFAULTS, PARAMETERS, checked, path_text
from local.redshift_data.dialect.plans import Outcome, Plan, Session, Values
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.types import varchar
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_SHOWN_AS = varchar(65535)
_VARIABLE = re.compile(r"[a-z_][a-z0-9_$]*\.[a-z_][a-z0-9_$]*")
_OTHERWISE = ("SEED", "ROLE")
_NOT_OF_A_SESSION = ("AUTHORIZATION", "CHARACTERISTICS")


@dataclass(frozen=True)
class Set:
    """Gives a parameter or a variable a value."""

    name: str
    value: str | None
    local: bool = False

    def run(self, session: Session, values: Values) -> Outcome:
        """Set it until the session's or the transaction's end."""
        del values
        session.configure({self.name: self.value}, local=self.local)
        return Outcome()


@dataclass(frozen=True)
class ResetAll:
    """Gives every parameter its default back, and no value to every variable."""

    def run(self, session: Session, values: Values) -> Outcome:
        """Reset what the session has."""
        del values
        session.configure({name: DEFAULTS.get(name) for name in session.settings})
        return Outcome()


@dataclass(frozen=True)
class Show:
    """Returns the value of one parameter or variable."""

    name: str

    def run(self, session: Session, values: Values) -> Outcome:
        """Return it as one row; raises StatementError for a variable never set."""
        del values
        if self.name not in session.settings:
            raise StatementError(f'unrecognized configuration parameter "{self.name}"')
        return Outcome((Column(self.name, _SHOWN_AS),), ((session.settings[self.name],),), 1)


@dataclass(frozen=True)
class ShowAll:
    """Returns every parameter known here."""

    def run(self, session: Session, values: Values) -> Outcome:
        """Return names and settings in the order of names."""
        del values
        rows = tuple((name, session.settings[name]) for name in sorted(PARAMETERS))
        return Outcome((Column("name", _SHOWN_AS), Column("setting", _SHOWN_AS)), rows, len(rows))


def set_parameter(text: Text, reads: Reads) -> Plan:
    """Read SET [SESSION | LOCAL] name {TO | =} {value | DEFAULT}."""
    del reads
    words = Words(text)
    words.expect("SET")
    scope = words.one_of("SESSION", "LOCAL")
    if words.ahead(*_OTHERWISE) or (scope == "SESSION" and words.ahead(*_NOT_OF_A_SESSION)):
        raise NotEmulated(f"SET {words.next().text.upper()}")
    name, value = _assignment(words)
    words.end()
    return Set(name, value, scope == "LOCAL")


def _assignment(words: Words) -> tuple[str, str | None]:
    if words.take("TIME", "ZONE"):
        name = "timezone"
    else:
        name = _name(words)
        if not words.one_of("TO", "="):
            raise words.unexpected()
    if words.take("DEFAULT"):
        return name, _default(name)
    values = [_value(words)]
    while words.take(","):
        values.append(_value(words))
    if name == "search_path":
        return name, _path(values)
    if name == "datestyle":
        return name, checked(name, ", ".join(values))
    if len(values) > 1:
        raise StatementError(f"SET {name} takes only one argument")
    return name, values[0] if _VARIABLE.fullmatch(name) else checked(name, values[0])


def _path(schemas: list[str]) -> str:
    for name in schemas:
        if name != "$user" and not re.fullmatch(r"[\w$]+", name):
            raise NotEmulated(f'search_path with "{name}"')
    return path_text(tuple(name.lower() for name in schemas))


def _default(name: str) -> str | None:
    if _VARIABLE.fullmatch(name):
        raise StatementError('syntax error at or near "DEFAULT"')
    if name not in DEFAULTS:
        raise NotEmulated(f"parameter {name}")
    return DEFAULTS[name]


def _name(words: Words) -> str:
    token = words.next()
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
        raise StatementError(f'syntax error at or near "{token.text}"')
    name = token.text.lower()
    return f"{name}.{words.next().text.lower()}" if words.take(".") else name


def _value(words: Words) -> str:
    sign = "-" if words.take("-") else ""
    token = words.next()
    if token.text in (",", "=", "(", ")"):
        raise StatementError(f'syntax error at or near "{token.text}"')
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
        return token.text
    return sign + token.text.lower()


def reset(text: Text, reads: Reads) -> Plan:
    """Read RESET {name | ALL}."""
    del reads
    words = Words(text)
    words.expect("RESET")
    if words.take("ALL"):
        words.end()
        return ResetAll()
    name = _name(words)
    words.end()
    if _VARIABLE.fullmatch(name):
        return Set(name, None)
    return Set(name, _default(name))


def show(text: Text, reads: Reads) -> Plan:
    """Read SHOW {name | ALL}; SHOW TABLES and its like list objects instead."""
    del reads
    words = Words(text)
    words.expect("SHOW")
    if words.take("ALL"):
        words.end()
        return ShowAll()
    name = _name(words)
    if not words.done or (name not in PARAMETERS and not _VARIABLE.fullmatch(name)):
        raise NotEmulated(f"SHOW {name.upper()}")
    return Show(name)


def refused(text: Text, reads: Reads) -> Plan:
    """Refuse a statement that Redshift has and this server has not."""
    del reads
    raise NotEmulated(f"statement {text.words[0]}")


def transaction(text: Text, reads: Reads) -> Plan:
    """Refuse the statements that begin and end transactions; their syntax is checked."""
    del reads
    words = Words(text)
    verb = words.next().text.upper()
    if verb == "START":
        words.expect("TRANSACTION")
    else:
        words.one_of("WORK", "TRANSACTION")
    if verb in ("BEGIN", "START"):
        _characteristics(words)
    words.end()
    raise NotEmulated(f"{verb}: a batch is one transaction, and there are no others here")


def _characteristics(words: Words) -> None:
    if words.take("ISOLATION", "LEVEL"):
        levels = (("SERIALIZABLE",), ("READ", "UNCOMMITTED"), ("READ", "COMMITTED"))
        if not any(words.take(*level) for level in (*levels, ("REPEATABLE", "READ"))):
            raise words.unexpected()
    if not words.take("READ", "WRITE"):
        words.take("READ", "ONLY")


STATEMENTS: dict[str, Callable[[Text, Reads], Plan]] = {
    "SET": set_parameter,
    "RESET": reset,
    "SHOW": show,
    **dict.fromkeys(("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"), transaction),
    **dict.fromkeys(("EXPLAIN", "USE", "CALL", "PREPARE", "EXECUTE", "DEALLOCATE"), refused),
    **dict.fromkeys(("DECLARE", "FETCH", "CLOSE", "CANCEL"), refused),
}
"""By their first word."""
