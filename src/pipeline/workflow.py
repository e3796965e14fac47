"""The state machine of flow 1: starts one execution per batch, however often a batch is announced."""

from typing import Any, Protocol

import boto3


class StatesClient(Protocol):
    """What the workflow uses of boto3's Step Functions client."""

    exceptions: Any

    def start_execution(self, **arguments: Any) -> Any:
        """Start one execution."""


class Workflow:
    """Starts executions of one Standard state machine."""

    def __init__(self, arn: str, client: StatesClient | None = None) -> None:
        self._arn = arn
        self._states: StatesClient = client or boto3.client("stepfunctions")

    def start(self, name: str, text: str) -> bool:
        """Start an execution of that name (at most 80 characters) with that JSON text as input.

        Returns False if there is one already: a name is taken for 90 days after its execution
        closed, so a second announcement of the same batch changes nothing.
        """
        try:
            self._states.start_execution(stateMachineArn=self._arn, name=name, input=text)
        except self._states.exceptions.ExecutionAlreadyExists:
            return False
        return True
