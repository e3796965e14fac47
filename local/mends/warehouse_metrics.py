"""A workgroup of Redshift Serverless tells each minute what it is charged for.

AWS/Redshift-Serverless has ComputeSeconds of each workgroup: seconds times RPU. Stock ministack has
no warehouse. Here local.redshift_data counts the seconds, and the template's BaseCapacity is the RPU:
this workgroup never scales. A workgroup that slept all the minute tells nothing.
"""

import http.client
import json
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from ministack.core.responses import request_scope

from local.mends.metric_store import record
from local.mends.redshift_types import base_capacities
from local.monitoring.clock import CLOCK

_ENDPOINT = os.environ.get("AWS_ENDPOINT_URL_REDSHIFT_DATA", "")
_NAMESPACE = "AWS/Redshift-Serverless"
_USAGE = "Local.DescribeUsage"
_TIMEOUT_SECONDS = 2.0

_told: dict[str, float] = {}
"""What each workgroup had been charged when it was last asked for."""


def apply() -> None:
    """Ask each minute, where there is a warehouse and a stack that has a workgroup."""
    if _ENDPOINT:
        CLOCK.samplers.append(_sample)


def _sample(end: float) -> None:
    workgroups = base_capacities.all_items()
    if not workgroups:
        return
    charged = _ask()
    if charged is None:
        return
    for (account, region, name), rpu in workgroups:
        now = charged.get(name, 0.0)
        before = _told.get(name, 0.0)
        _told[name] = now
        # Less than before is a warehouse that was started anew.
        seconds = now - before if now >= before else now
        if seconds:
            with request_scope(account, region):
                at = end - CLOCK.resolution / 2
                dimensions = {"Workgroup": name}
                record(_NAMESPACE, "ComputeSeconds", seconds * rpu, "Seconds", dimensions, at)


def _ask() -> Mapping[str, float] | None:
    """Ask the warehouse; None where it does not answer."""
    connection = http.client.HTTPConnection(urlsplit(_ENDPOINT).netloc, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", "/", b"{}", {"X-Amz-Target": _USAGE})
        answer: dict[str, Mapping[str, float]] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer.get("ChargedSeconds", {})
