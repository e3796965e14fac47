"""Plans by statement text, for as long as what they use of the catalog stays the same."""

from local.redshift_data.bounded import Bounded
from local.redshift_data.catalog import Catalog
from local.redshift_data.dialect.gate import translate
from local.redshift_data.dialect.plans import Plan
from local.redshift_data.dialect.scope import Reads

_ENTRIES = 1_000
_CHARACTERS = 500_000
"""Of statement text; a plan takes some ten times the memory of its text."""

Key = tuple[str, str, str, tuple[str, ...], bool]


class Translations:
    """Keeps the plans used last; a text too long to come again is not kept."""

    def __init__(self, entries: int = _ENTRIES, characters: int = _CHARACTERS) -> None:
        self._kept = Bounded[Key, tuple[Plan, Reads]](entries, characters)
        self._longest = characters // 25

    def __len__(self) -> int:
        return len(self._kept)

    def plan(self, sql: str, current: Catalog) -> Plan:
        """Return the plan for a statement against this catalog; raises StatementError."""
        session = (current.user, current.database, current.search_path)
        key = (sql, *session, current.case_sensitive_super)
        kept = self._kept.get(key)
        if kept and (kept[1].catalog is current or kept[1].still_hold(current)):
            return kept[0]
        plan, reads = translate(sql, current)
        if reads.lasting and len(sql) <= self._longest:
            self._kept.keep(key, (plan, reads), len(sql))
        return plan
