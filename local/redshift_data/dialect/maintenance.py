"""LOCK, ANALYZE and VACUUM: names are checked; there is nothing to maintain here."""

from local.redshift_data.catalog import Table
from local.redshift_data.dialect.plans import Checked, Plan
from local.redshift_data.dialect.scope import Reads
from local.redshift_data.dialect.syntax import Text
from local.redshift_data.dialect.words import Words
from local.redshift_data.errors import NotEmulated, StatementError

_PERCENT = 100


def lock(text: Text, reads: Reads) -> Plan:
    """Read LOCK; the locks themselves are there before the first statement runs."""
    words = Words(text)
    words.expect("LOCK")
    words.take("TABLE")
    _lockable(words, reads)
    while words.take(","):
        _lockable(words, reads)
    words.end()
    return Checked()


def _lockable(words: Words, reads: Reads) -> None:
    table = _table(words, reads)
    if table.is_view:
        raise StatementError(f'"{table.name}" is a view; views cannot be locked')


def analyze(text: Text, reads: Reads) -> Plan:
    """Read ANALYZE [VERBOSE] [table [(columns)]] [PREDICATE COLUMNS | ALL COLUMNS]."""
    words = Words(text)
    words.expect("ANALYZE")
    if words.take("COMPRESSION"):
        raise NotEmulated("ANALYZE COMPRESSION")
    words.take("VERBOSE")
    if not words.done and not words.ahead("PREDICATE", "ALL"):
        table = _table(words, reads)
        if words.ahead("("):
            for name in words.names():
                table.column(name)
    if not words.take("PREDICATE", "COLUMNS"):
        words.take("ALL", "COLUMNS")
    words.end()
    return Checked()


def vacuum(text: Text, reads: Reads) -> Plan:
    """Read VACUUM [kind] [table [TO threshold PERCENT] [BOOST]]."""
    words = Words(text)
    words.expect("VACUUM")
    kind = _kind(words)
    if words.done:
        if kind in ("REINDEX", "RECLUSTER"):
            raise words.unexpected()
        return Checked("VACUUM")
    _table(words, reads)
    if kind not in ("REINDEX", "RECLUSTER") and words.take("TO"):
        _threshold(words)
    if kind != "REINDEX":
        words.take("BOOST")
    words.end()
    return Checked("VACUUM")


def _kind(words: Words) -> str:
    for kind in (("FULL",), ("SORT", "ONLY"), ("DELETE", "ONLY"), ("REINDEX",), ("RECLUSTER",)):
        if words.take(*kind):
            return kind[0]
    return "FULL"


def _threshold(words: Words) -> None:
    if not 0 <= words.number() <= _PERCENT:
        raise StatementError("the VACUUM threshold must be between 0 and 100")
    words.expect("PERCENT")


def _table(words: Words, reads: Reads) -> Table:
    return reads.table(*words.table_name())
