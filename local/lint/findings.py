"""What a linter found, and what the project accepts of it with a reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from local.lint.expansion import Template, written_as

EVERYWHERE = ""
LEAST_REASON = 10  # letters; fewer say nothing


@dataclass(frozen=True, order=True)
class Finding:
    """A rule that is broken at a place: a resource's logical id, or a file with its line.

    Where several templates are read at once, `case` tells which.
    """

    tool: str
    case: str
    rule: str
    place: str
    text: str


@dataclass(frozen=True, order=True)
class Accepted:
    """A rule that may be broken: by one resource, or by all where `resource` is EVERYWHERE."""

    resource: str
    rule: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Tell whether the finding is one that this accepts."""
        return self.rule == finding.rule and self.resource in (EVERYWHERE, finding.place)


def accepted_in(template: Template) -> Iterator[Accepted]:
    """Read `Metadata: {Accepted: {RULE: reason}}` of the template and of each resource."""
    holders: dict[str, Any] = {EVERYWHERE: template, **template["Resources"]}
    for name, holder in holders.items():
        for rule, reason in (holder.get("Metadata", {}).get("Accepted") or {}).items():
            yield Accepted(name, rule, str(reason or "").strip())


def told_of_origins(findings: Iterable[Finding], template: Template) -> list[Finding]:
    """Name the resources as the template does, also those that SAM made; nothing comes twice."""
    resources = template["Resources"]
    return sorted({replace(one, place=written_as(one.place, resources)) for one in findings})


def remaining(findings: Iterable[Finding], accepted: Iterable[Accepted]) -> list[Finding]:
    """Return what is not accepted, and what is wrong with what was accepted."""
    findings, accepted = list(findings), list(accepted)
    left = [found for found in findings if not any(one.covers(found) for one in accepted)]
    for one in accepted:
        if len(one.reason) < LEAST_REASON:
            left.append(_about(one, "is accepted without a reason"))
        if not any(one.covers(found) for found in findings):
            left.append(_about(one, "is accepted, but nothing breaks it: take it away"))
    return left


def _about(one: Accepted, what: str) -> Finding:
    return Finding("accepted", "", one.rule, one.resource or "Metadata", what)
