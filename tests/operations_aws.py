"""A cloud of canned answers: boto3's own clients, paginators and errors, without a network."""

from collections.abc import Callable, Mapping
from threading import local
from types import SimpleNamespace
from typing import Any

import boto3.session

Json = dict[str, Any]
Answer = Json | Callable[[Json], Json]

ACCOUNT = "000000000000"
STACK = "events-to-endpoints"
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{STACK}-PrepareBatch-AB12CD34EF56"
FUNCTIONS = (
    "ReceiveRequest", "ReceiveWebhook", "ReceiveChange", "ReceiveUpload", "StageBatch",
    "StartPreparation", "EnrichEvents", "DetectAnomalies", "SummariseBatch", "LoadBatches",
    "ReadMetrics", "ReadEvents", "ReadStatus", "ReadExports", "ReadDocuments",
)  # fmt: skip
QUEUES = (
    "EventQueue", "EventDlq", "LoadQueue", "LoadDlq", "PrepareDlq", "ChangeDlq", "UploadDlq",
)  # fmt: skip
ALARM_IDS = ("LoadingAlarm", "EventDlqAlarm", "EndpointAlarm")
KEY = "ab" * 32
BATCH = "batch-20261130-1"
CORRELATION = "c0ffee-1"
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


def physical(logical: str) -> str:
    """Name a resource as CloudFormation does."""
    return f"{STACK}-{logical}-AB12CD34EF56"


class Refused(Exception):
    """Raised by an answer: the service refuses with this code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


class CannedCloud:
    """Answers by (service, operation); `asked` has every question with its parameters."""

    def __init__(self, answers: Mapping[tuple[str, str], Answer]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, str, Json]] = []
        self._session = boto3.session.Session("test", "test", region_name="us-east-1")
        self._given = local()

    def client(self, service: str) -> Any:
        """Make a client whose every call is answered from here."""
        client = self._session.client(service)
        client.meta.events.register("before-parameter-build", self._remember)
        client.meta.events.register("before-call", self._answer)
        return client

    def operations(self, service: str) -> list[str]:
        """List what a service was asked, in order."""
        return [operation for name, operation, _ in self.asked if name == service]

    def _remember(self, params: Json, **_: Any) -> None:
        self._given.params = dict(params)

    def _answer(self, model: Any, **_: Any) -> tuple[Any, Json]:
        service, params = model.service_model.service_name, self._given.params
        self.asked.append((service, model.name, params))
        answer = self.answers[service, model.name]
        try:
            return SimpleNamespace(status_code=200), answer(params) if callable(answer) else answer
        except Refused as refusal:
            error = {"Code": refusal.code, "Message": refusal.message}
            return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {}}
