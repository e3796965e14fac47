"""A burst waits its turn instead of starting a process for each call, and idle workers end.

AWS runs 1,000 environments side by side and removes idle ones. Stock ministack starts a process
for every concurrent call, refuses calls above LAMBDA_ACCOUNT_CONCURRENCY as throttled, and keeps
one process of each function for ever. A machine with two cores and this project's 14 functions of
some 60 MB needs the opposite.
"""

import threading
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.mends.seams import seam

_RUNNING_AT_ONCE = 10
_RUNNING_PER_FUNCTION = 4
_WORKERS = 16  # running or idle: about 1 GB
_WAIT_SECONDS = 60.0

_acquire_slot = seam(__name__, lambda_svc, "_acquire_execution_slot")
_release_slot = seam(__name__, lambda_svc, "_release_execution_slot")
_inflight_key = seam(__name__, lambda_svc, "_inflight_key")
_inflight = seam(__name__, lambda_svc, "_inflight")
_acquire_worker = seam(__name__, lambda_svc, "acquire_worker")
_kill_workers = seam(__name__, lambda_runtime, "kill_workers")
_workers = seam(__name__, lambda_runtime, "_workers")
_workers_lock = seam(__name__, lambda_runtime, "_lock")
_warm_seconds = seam(__name__, lambda_runtime, "_LOCAL_WORKER_TTL")
seam(__name__, lambda_svc, "reap_idle_workers")

_turn = threading.Condition()


def apply() -> None:
    """Queue for a slot, cap the processes, and reap every idle one."""
    lambda_svc._acquire_execution_slot = _wait_for_slot
    lambda_svc._release_execution_slot = _release
    lambda_svc.acquire_worker = _acquire
    lambda_svc.reap_idle_workers = _reap


def _wait_for_slot(function: dict[str, Any], config: dict[str, Any]) -> tuple[str | None, Any]:
    """Wait up to 60 s for a slot; no handler here waits for another function, so none deadlocks."""
    key = _inflight_key(config)
    with _turn:
        _turn.wait_for(lambda: _has_room(key), _WAIT_SECONDS)
        slot: tuple[str | None, Any] = _acquire_slot(function, config)
    return slot


def _has_room(key: str) -> bool:
    return bool(
        _inflight.get(key, 0) < _RUNNING_PER_FUNCTION and sum(_inflight.values()) < _RUNNING_AT_ONCE
    )


def _release(key: str) -> None:
    with _turn:
        _release_slot(key)
        _turn.notify_all()


def _acquire(*arguments: Any, **options: Any) -> tuple[Any, str]:
    worker, how = _acquire_worker(*arguments, **options)
    if how == "spawn":
        _kill_workers(_remove_idle(lambda total, _: total > _WORKERS))
    return worker, how


def _reap() -> int:
    now = time.time()
    idle = _remove_idle(lambda _, worker: now - worker.last_used >= _warm_seconds)
    _kill_workers(idle)
    return len(idle)


def _remove_idle(unwanted: Any) -> list[Any]:
    """Take the idle workers that `unwanted(total, worker)` names out of the pool, oldest first."""
    removed = []
    with _workers_lock:
        total = sum(len(pool) for pool in _workers.values())
        idle = [(w, pool) for pool in _workers.values() for w in pool if not w.in_use]
        for worker, pool in sorted(idle, key=lambda pair: pair[0].last_used):
            if unwanted(total, worker):
                pool.remove(worker)
                removed.append(worker)
                total -= 1
    return removed
