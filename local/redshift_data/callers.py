"""Who calls: the access key that signed the request, and the IAM role that it stands for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from local.redshift_data.catalog import ADMINISTRATOR
from local.redshift_data.errors import MissingAuthenticationTokenException

ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/[^/,\s]*/([^/,\s]*)")


@dataclass(frozen=True)
class Caller:
    """An IAM identity; an access key without a role of its own is the administrator."""

    access_key: str
    """Stands for one IAM session too, as temporary credentials do on AWS."""

    role: str | None = None
    region: str = DEFAULT_REGION

    @property
    def owner(self) -> str:
        """Whose statements and sessions it sees; no role's name is an access key."""
        return f"IAMR:{self.role}" if self.role else self.access_key

    @property
    def database_user(self) -> str:
        """The database user that the identity is mapped to."""
        return f"IAMR:{self.role}" if self.role else ADMINISTRATOR

    @property
    def principal(self) -> str:
        """Its ARN."""
        kind = f"role/{self.role}" if self.role else f"user/{self.access_key}"
        return f"arn:aws:iam::{ACCOUNT}:{kind}"


def caller_of(authorization: str, roles: Mapping[str, str]) -> Caller:
    """Read a SigV4 header, whose signature nobody checks here; `roles` are by access key."""
    found = _CREDENTIAL.search(authorization)
    if not found:
        raise MissingAuthenticationTokenException("Missing Authentication Token")
    key, region = found.groups()
    return Caller(key, roles.get(key), region or DEFAULT_REGION)
