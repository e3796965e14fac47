"""From the announcement of a batch to the name and the input of its execution."""

import json
from collections.abc import Mapping
from typing import Any


def execution_name(detail: Mapping[str, Any]) -> str:
    """Name the execution of an announced batch: its id, so that a second one cannot start.

    Whoever wants a batch prepared again within 90 days announces it with `replay`, a word of at
    most 15 characters (an execution's name has 80, a batch id 64), which names another execution.
    """
    replay = detail.get("replay")
    return f"{detail['batch_id']}-{replay}" if replay else str(detail["batch_id"])


def execution_input(detail: Mapping[str, Any]) -> str:
    """Write an announcement's detail as canonical JSON.

    Step Functions takes a repeated start for the same one only if the input has the same bytes.
    """
    return json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
