"""What a stack consists of: the names that AWS gave to what the template calls by logical ids."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

QUEUE = "AWS::SQS::Queue"
FUNCTION = "AWS::Lambda::Function"
ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


@dataclass(frozen=True)
class Resources:
    """Physical ids by logical ids, and the types of both."""

    stack: str
    physical: Mapping[str, str]
    kinds: Mapping[str, str]

    @classmethod
    def find(cls, cloudformation: Any, stack: str) -> Self:
        """Ask CloudFormation."""
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        return cls.of(stack, (item for page in pages for item in page["StackResourceSummaries"]))

    @classmethod
    def of(cls, stack: str, summaries: Iterable[Mapping[str, Any]]) -> Self:
        """Read the summaries of ListStackResources; what has no physical id yet is left out."""
        known = [item for item in summaries if item.get("PhysicalResourceId")]
        return cls(
            stack,
            {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in known},
            {item["LogicalResourceId"]: item["ResourceType"] for item in known},
        )

    def names(self) -> dict[str, str]:
        """Name each resource as metrics do: a queue by its name, all others by their id."""
        named = {
            logical: physical.rsplit("/", 1)[-1] if self.kinds[logical] == QUEUE else physical
            for logical, physical in self.physical.items()
        }
        return {**named, "stack": self.stack}

    def of_kind(self, *kinds: str) -> dict[str, str]:
        """Return the physical ids of some types by their logical ids."""
        return {name: self.physical[name] for name, kind in self.kinds.items() if kind in kinds}
