"""The template with its parameters filled in: the resources that would be there, and their values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

FUNCTION = "AWS::Serverless::Function"


@dataclass(frozen=True)
class Template:
    """A SAM template as parsed by SAM, tags as `Fn::` members, with values for its parameters."""

    document: Mapping[str, Any]
    parameters: Mapping[str, str]

    def resources(self, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield name and properties of the resources of these types whose condition holds."""
        for name, resource in self.document["Resources"].items():
            condition = resource.get("Condition")
            if resource["Type"] in types and (condition is None or self.holds(condition)):
                yield name, resource.get("Properties", {})

    def properties(self, name: str) -> Mapping[str, Any]:
        """Return the properties of one resource, whether its condition holds or not."""
        found: Mapping[str, Any] = self.document["Resources"][name]["Properties"]
        return found

    def function(self, name: str, member: str) -> Any:
        """Return what a function says, or else what is said for all functions."""
        shared = self.document["Globals"]["Function"]
        return self.value(self.properties(name).get(member, shared[member]))

    def value(self, written: Any) -> Any:
        """Follow !Ref to parameters, and !If; anything else is returned as it is written."""
        if not isinstance(written, dict) or len(written) != 1:
            return written
        ((how, what),) = written.items()
        if how == "Ref" and what in self.parameters:
            return self.parameters[what]
        if how == "Fn::If":
            return self.value(what[1] if self.holds(what[0]) else what[2])
        if how == "Fn::Join":
            return what[0].join(self._texts(what[1]))
        return written

    def number(self, written: Any) -> Decimal:
        """Return the value of a property that is a number."""
        return Decimal(str(self.value(written)))

    def holds(self, condition: Any) -> bool:
        """Tell whether a condition holds, by its name or as it is written."""
        if isinstance(condition, str):
            return self.holds(self.document["Conditions"][condition])
        ((how, what),) = condition.items()
        if how == "Condition":
            return self.holds(what)
        if how == "Fn::Not":
            return not self.holds(what[0])
        if how == "Fn::And":
            return all(self.holds(one) for one in what)
        if how == "Fn::Or":
            return any(self.holds(one) for one in what)
        left, right = (str(self.value(side)) for side in condition["Fn::Equals"])
        return left == right

    def _texts(self, written: Any) -> list[str]:
        found = self.value(written)
        return [str(self.value(one)) for one in (found if isinstance(found, list) else [found])]
