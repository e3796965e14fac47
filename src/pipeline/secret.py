"""A secret of Secrets Manager, read when it is needed first and again now and then."""

from typing import Any, Protocol

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.config import Config

from pipeline.errors import SecretUnavailable

MAX_AGE = 300  # seconds; a new value is in use after this at the latest
# Callers wait for it at an endpoint: one short retry, and then they are told.
CONFIG = Config(
    connect_timeout=2, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)


class Store(Protocol):
    """What is used of a provider of Powertools, which keeps what it got."""

    def get(self, name: str, max_age: int) -> Any:
        """Return a secret's text, got at most so many seconds ago; raises GetParameterError."""


def provider(config: Config | None = None) -> SecretsProvider:
    """Make Powertools' provider, with a client of the session that all other clients are of.

    By itself it makes a session, which reads all of botocore's descriptions once more: a fifth of a
    cold start.
    """
    return SecretsProvider(boto3_client=boto3.client("secretsmanager", config=config))


class Secret:
    """One secret, by its ARN."""

    def __init__(self, arn: str, store: Store | None = None) -> None:
        self._arn = arn
        self._store: Store = store or provider(CONFIG)

    def read(self) -> str:
        """Return the text; raises SecretUnavailable when it cannot be had."""
        try:
            return str(self._store.get(self._arn, max_age=MAX_AGE))
        except GetParameterError as fault:
            raise SecretUnavailable(str(fault)) from fault
