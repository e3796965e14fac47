"""The database: one DuckDB file, the catalog that its last commit left, and who locks what."""

import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from local.redshift_data import catalog_storage
from local.redshift_data.catalog import ADMINISTRATOR, Catalog
from local.redshift_data.dialect import locking
from local.redshift_data.dialect.locking import Mode
from local.redshift_data.dialect.macros import MACROS
from local.redshift_data.dialect.plans import ObjectStore
from local.redshift_data.interrupts import Interrupter
from local.redshift_data.locks import Locks
from local.redshift_data.session import Session
from local.redshift_data.translations import Translations

__all__ = ["DatabaseInUse", "Engine", "Session"]

_SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL integer_division = true",
    "SET GLOBAL default_null_order = 'nulls_last_on_asc_first_on_desc'",
    "SET GLOBAL ieee_floating_point_ops = false",
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
)
_IDLE_CONNECTIONS = 32
"""For each user, and users."""


class DatabaseInUse(Exception):
    """Another process has the database's file open."""


class Engine:
    """What all sessions share."""

    def __init__(
        self, file: Path | str, objects: ObjectStore, memory_megabytes: int | None = None
    ) -> None:
        """Open or create the file; raises DatabaseInUse."""
        self._root = _connected(file)
        if memory_megabytes:
            self._root.execute(f"SET GLOBAL memory_limit = '{memory_megabytes}MB'")
        for statement in (*_SETTINGS, *MACROS):
            self._root.execute(statement)
        catalog_storage.prepare_storage(self._root)
        self.catalog = catalog_storage.load(self._root)
        self.objects = objects
        self.locks = Locks()
        self.interrupter = Interrupter()
        self.translations = Translations()
        self.boundary = threading.Lock()
        self.changing = False
        """Whether a commit is under way that changes the catalog."""
        self._idle: dict[str, list[duckdb.DuckDBPyConnection]] = {}
        self._views: tuple[Catalog, Mapping[str, frozenset[str]]] = (Catalog(), {})
        # Parsed once: they are part of every transaction.
        self.begin, self.touch, self.commit = self._root.extract_statements(
            "BEGIN; SELECT 1 FROM redshift.entries LIMIT 0; COMMIT"
        )

    def only_reads(self, sql: str) -> bool:
        """Whether a statement changes neither rows nor the catalog; an unreadable one fails."""
        return locking.only_reads(sql)

    def needs(self, statements: Iterable[str], catalog: Catalog) -> dict[str, Mode]:
        """Return what the statements lock.

        Who uses a view reads the tables under it, and who drops a schema drops its tables.
        """
        needed = locking.needs(statements, catalog.temporary)
        for schema in self.catalog.schemas.keys() & needed:
            if needed[schema] == Mode.ALONE:
                needed |= {name: Mode.ALONE for at, name in self.catalog.permanent if at == schema}
        views = self._tables_under_views()
        for view in views.keys() & needed:
            for name in views[view]:
                needed.setdefault(name, Mode.READ)
        return needed

    def open_session(self, user: str = ADMINISTRATOR, database: str = "dev") -> Session:
        """Return a session of a database user, with temporary tables of its own."""
        try:
            connection = self._idle[user].pop()
        except (KeyError, IndexError):
            connection = self._root.cursor()
            connection.execute("SET VARIABLE redshift_user = $user", {"user": user})
        return Session(self, connection, user, database)

    def take_back(self, connection: duckdb.DuckDBPyConnection, user: str) -> None:
        """Keep a connection that has nothing of its session left, or close it."""
        idle = self._idle.setdefault(user, [])
        if len(idle) < _IDLE_CONNECTIONS and len(self._idle) < _IDLE_CONNECTIONS:
            idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close the file; sessions must be closed before."""
        self.interrupter.close()
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._root.close()

    def _tables_under_views(self) -> Mapping[str, frozenset[str]]:
        """Return, by each view's name, the names of what it reads, directly or not."""
        described, views = self._views
        current = self.catalog
        if described is not current:
            views = _closure(current)
            self._views = (current, views)
        return views


def _closure(catalog: Catalog) -> dict[str, frozenset[str]]:
    names = {table.sql: table.name for table in catalog.permanent.values()}
    under: dict[str, set[str]] = {}
    for table in catalog.permanent.values():
        if table.bases:
            bases = {names[base] for base in table.bases if base in names}
            under.setdefault(table.name, set()).update(bases)
    for _ in under:
        for bases in under.values():
            bases |= {name for base in bases & under.keys() for name in under[base]}
    return {view: frozenset(bases) for view, bases in under.items()}


def _connected(file: Path | str) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(file))
    except duckdb.IOException as error:
        holder = re.search(r"\(PID (\d+)\)", str(error))
        if "lock" not in str(error):
            raise
        by = f"process {holder[1]}" if holder else "another process"
        raise DatabaseInUse(f"{file} is in use by {by}") from error
