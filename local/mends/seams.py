"""Find the private symbols of ministack that mends replace, or say which mend no longer fits."""

from importlib.metadata import version
from typing import Any


class MendDoesNotFit(ImportError):
    """This release of ministack lacks a symbol or a line that a mend builds on."""


def seam(mend: str, owner: Any, name: str) -> Any:
    """Return the attribute `name` of `owner`, which `mend` replaces or calls."""
    try:
        return getattr(owner, name)
    except AttributeError as error:
        raise _misfit(mend, f"{owner.__name__}.{name}") from error


def resource_type(mend: str, handlers: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the table of functions that create, update and delete one CloudFormation type."""
    try:
        return dict(handlers[name])
    except KeyError as error:
        raise _misfit(mend, f"the resource type {name}") from error


def replace_once(mend: str, source: str, old: str, new: str) -> str:
    """Return `source` with `old`, which must stand in it exactly once, replaced by `new`."""
    if source.count(old) != 1:
        raise _misfit(mend, f"the line {old.strip()!r}")
    return source.replace(old, new)


def _misfit(mend: str, missing: str) -> MendDoesNotFit:
    return MendDoesNotFit(
        f"The mend {mend} does not fit ministack {version('ministack')}: {missing} is missing."
    )
