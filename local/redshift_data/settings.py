"""How one server is set up."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.redshift_data.events import EventBus
from local.redshift_data.limits import WAITING_REQUESTS, Clock, Limits, Retention


@dataclass(frozen=True)
class Settings:
    """Quotas, what is kept, and who calls."""

    limits: Limits = field(default_factory=Limits)
    retention: Retention = field(default_factory=Retention)
    waiting_requests: int = WAITING_REQUESTS
    """With WaitTimeSeconds, for one statement."""
    database_megabytes: int | None = None
    """DuckDB's memory_limit; its own default is 80 % of the machine's memory."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Names of IAM roles by access key."""
    clock: Clock = time.time
    events: EventBus | None = None
    """Where WithEvent tells; without one it is refused."""
