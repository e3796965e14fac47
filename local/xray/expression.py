"""A filter expression as a tree.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

from dataclasses import dataclass

from local.logic import Joined

Value = str | float | bool


@dataclass(frozen=True)
class Compare:
    """A keyword against a value. An annotation's keyword is `annotation.` and its key."""

    keyword: str
    operator: str
    value: Value


@dataclass(frozen=True)
class ServiceId:
    """Which service is meant: None of its members means any."""

    name: str | None = None
    type: str | None = None


@dataclass(frozen=True)
class Service:
    """A call of this service, for which the inner expression holds, if there is one."""

    service: ServiceId
    inner: "Expression | None"


@dataclass(frozen=True)
class Edge:
    """A call of one service by another, for which the inner expression holds."""

    caller: ServiceId
    callee: ServiceId
    inner: "Expression | None"


Term = Compare | Service | Edge
Expression = Joined[Term]
